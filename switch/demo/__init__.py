"""The main job shown on real parts: processes, HTTP, signatures, a durable store."""
