-- Draws amounts from pools of sliding windows, all or nothing; returns 0 or the ms to wait.
-- KEYS: one hash of slices per draw. ARGV: prefix, slices, then window_ms, pool, amount per draw.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- A server that has just started may have forgotten what was drawn: its pools stay closed until
-- whatever it forgot is outside their windows. Restored from an old copy, it has another run id.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local birth = ARGV[1] .. 'born:' .. run
local born = tonumber(redis.call('GET', birth) or now)
redis.call('SET', birth, string.format('%.0f', born), 'EX', 604800)
local slices = tonumber(ARGV[2])
local wait = 0
local places = {}
for i, key in ipairs(KEYS) do
  local window, pool, amount = tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 2])
  local slice = math.max(1, math.floor(window / slices))
  local current = math.floor(now / slice)
  places[i] = {current, window + 2 * slice}
  local sum, held = 0, {}
  local flat = redis.call('HGETALL', key)
  for f = 1, #flat, 2 do
    local index = tonumber(flat[f])
    if index < current - slices then
      redis.call('HDEL', key, flat[f])
    else
      sum = sum + tonumber(flat[f + 1])
      held[#held + 1] = {index, tonumber(flat[f + 1])}
    end
  end
  if born + window + slice > now then
    wait = math.max(wait, born + window + slice - now)
  end
  local beyond = sum + amount - pool
  if beyond > 0 then
    table.sort(held, function(a, b) return a[1] < b[1] end)
    local free = now + slices * slice
    for _, part in ipairs(held) do
      beyond = beyond - part[2]
      if beyond <= 0 then
        free = (part[1] + slices + 1) * slice
        break
      end
    end
    wait = math.max(wait, free - now)
  end
end
if wait > 0 then
  return wait
end
for i, key in ipairs(KEYS) do
  redis.call('HINCRBY', key, string.format('%.0f', places[i][1]), ARGV[3 * i + 2])
  redis.call('PEXPIRE', key, places[i][2])
end
return 0
