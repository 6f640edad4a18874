// The central bank's own software (package.json names its version), asked from outside.
//
//   node khqr.js NODE_MODULES           one JSON request a line on standard input, answers likewise
//   node khqr.js NODE_MODULES --serve   the same over HTTP, to be measured: says {"port": …} first
//
// Requests: {"do": "write", "input": …}, {"do": "verify", "payload": …, "at_ms": …}, and "read" for
// the content as well. Its clock is whatever the request says, so an answer is the same for ever.
"use strict";

const { createServer } = require("node:http");
const { resolve } = require("node:path");
const { createInterface } = require("node:readline");
const { Script } = require("node:vm");

const folder = resolve(process.argv[2]);
const { BakongKHQR, IndividualInfo, MerchantInfo, khqrData } = require(
  require.resolve("bakong-khqr", { paths: [folder] }),
);

const sdk = new BakongKHQR();
const trueNow = Date.now;

// A template whose length is no number keeps the package's reader turning for ever.
const PATIENCE_MS = 250;
const bounded = new Script("boundedWork()");

function optional(input) {
  const language = input.language ?? {};
  return {
    currency: khqrData.currency[input.currency.toLowerCase()],
    amount: input.amount === undefined ? undefined : Number(input.amount),
    accountInformation: input.account_information,
    acquiringBank: input.acquiring_bank,
    billNumber: input.bill_number,
    mobileNumber: input.mobile_number,
    storeLabel: input.store_label,
    terminalLabel: input.terminal_label,
    purposeOfTransaction: input.purpose,
    languagePreference: language.code,
    merchantNameAlternateLanguage: language.name,
    merchantCityAlternateLanguage: language.city,
    upiMerchantAccount: input.unionpay,
    expirationTimestamp: input.expires_ms,
    merchantCategoryCode: input.category,
  };
}

function generate(input) {
  const { account, merchant_name: name, merchant_city: city } = input;
  if (input.merchant_id === undefined)
    return sdk.generateIndividual(new IndividualInfo(account, name, city, optional(input)));
  return sdk.generateMerchant(
    new MerchantInfo(account, name, city, input.merchant_id, input.acquiring_bank, optional(input)),
  );
}

function at(moment, work) {
  Date.now = () => moment;
  try {
    return work();
  } finally {
    Date.now = trueNow;
  }
}

function answer(request) {
  if (request.do === "write") {
    const { status, data } = at(request.input.created_ms ?? 0, () => generate(request.input));
    return data ? { payload: data.qr, md5: data.md5 } : { error: status.errorCode };
  }
  if (request.do === "read") return at(request.at_ms, () => read(request.payload));
  return at(request.at_ms, () => ({
    valid: within(() => BakongKHQR.verify(request.payload).isValid),
  }));
}

function read(payload) {
  const valid = within(() => BakongKHQR.verify(payload).isValid);
  const content = within(() => BakongKHQR.decode(payload).data);
  return { valid, content };
}

function within(work) {
  let said = "hangs";
  globalThis.boundedWork = () => {
    said = work();
  };
  try {
    bounded.runInThisContext({ timeout: PATIENCE_MS });
  } catch (error) {
    if (error.code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
  }
  return said;
}

// What a round repeats. Reading stands at a fixed moment, as a caller's clock would be read once;
// writing builds its record and reads the clock in every call.
function round(request) {
  let last;
  const began = process.hrtime.bigint();
  if (request.do === "read") {
    for (let turn = 0; turn < request.count; turn++) {
      last = BakongKHQR.verify(request.payload).isValid && BakongKHQR.decode(request.payload).data;
    }
  } else {
    for (let turn = 0; turn < request.count; turn++) {
      last = generate({ ...request.input, expires_ms: Date.now() + request.lasts_ms }).data;
    }
  }
  const ns = Number(process.hrtime.bigint() - began);
  return { ns, done: Boolean(last) };
}

function timed(request) {
  return request.do === "read" ? at(request.at_ms, () => round(request)) : round(request);
}

function serve() {
  const server = createServer((incoming, outgoing) => {
    const pieces = [];
    incoming.on("data", (piece) => pieces.push(piece));
    incoming.on("end", () => {
      const request = JSON.parse(Buffer.concat(pieces).toString());
      const said = request.count === undefined ? answer(request) : timed(request);
      outgoing.setHeader("Content-Type", "application/json");
      outgoing.end(JSON.stringify(said));
    });
  });
  server.keepAliveTimeout = 0;
  server.listen(0, "127.0.0.1", () => {
    console.log(JSON.stringify({ port: server.address().port, node: process.versions.node }));
  });
  process.on("SIGTERM", () => process.exit(0));
}

if (process.argv[3] === "--serve") serve();
else {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => console.log(JSON.stringify(answer(JSON.parse(line)))));
}
