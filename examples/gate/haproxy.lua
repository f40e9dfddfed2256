-- Asks mintmark gate (--mode nginx) about a request: the action "lua.mintmark" of haproxy.cfg. Lets it pass with the
-- identity headers, or answers what the gate answered. Whatever goes wrong ends in 503: nothing passes unasked.

local gate = os.getenv("MINTMARK_GATE") or "http://127.0.0.1:9090/check"

-- What the gate needs to see of the caller's request, with all repetitions: two Authorization headers are refused.
local asked = { authorization = true, dpop = true, ["x-http-method-override"] = true, ["x-http-method"] = true,
	["x-method-override"] = true }
-- What the API gets to see.
local identity = { "x-mintmark-subject", "x-mintmark-client-id", "x-mintmark-scope", "x-mintmark-expires",
	"x-mintmark-operation" }
-- What of a refusal the caller gets to see.
local passed = { "content-type", "www-authenticate", "cache-control", "retry-after", "x-request-id" }

local function list(values)
	local found = {}
	if values then
		for i = 0, #values do
			if values[i] then
				found[#found + 1] = values[i]
			end
		end
	end
	return found
end

local function refuse(txn, status, headers, body)
	local reply = txn:reply({ status = status, body = body })
	for _, name in ipairs(passed) do
		for _, value in ipairs(list(headers and headers[name])) do
			reply:add_header(name, value)
		end
	end
	txn:done(reply)
end

core.register_action("mintmark", { "http-req" }, function(txn)
	local given = txn.http:req_get_headers()
	local headers = {
		["x-original-method"] = { txn.f:method() },
		["x-original-uri"] = { txn.f:url() },
	}
	for name, values in pairs(given) do
		if asked[string.gsub(name, "_", "-")] then
			headers[name] = list(values)
		end
	end
	local ok, answer = pcall(function()
		return core.httpclient():get({ url = gate, headers = headers })
	end)
	if not ok or not answer or not answer.status or answer.status == 0 then
		return refuse(txn, 503, nil, '{"error":"temporarily_unavailable"}')
	end
	if answer.status ~= 200 then
		return refuse(txn, answer.status, answer.headers, answer.body)
	end
	for _, name in ipairs(identity) do
		local value = list(answer.headers[name])[1]
		if value and value ~= "" then
			txn.http:req_set_header(name, value)
		end
	end
end)
