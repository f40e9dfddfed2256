-- wrk: one client-credentials request over and over. Arguments: Basic credentials (one per line of a file), "close" for a new connection each.
local credentials, requests, turn = {}, {}, 0

function init(args)
  for line in io.lines(args[1]) do credentials[#credentials + 1] = line end
  wrk.method = "POST"
  wrk.body = "grant_type=client_credentials"
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  if args[2] == "close" then wrk.headers["Connection"] = "close" end
end

function request()
  turn = turn % #credentials + 1
  if not requests[turn] then -- made once: what wrk works, the server can't
    wrk.headers["Authorization"] = "Basic " .. credentials[turn]
    requests[turn] = wrk.format()
  end
  return requests[turn]
end

function done(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
