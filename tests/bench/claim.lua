-- wrk: completes tasks, and claims the next one in the same request. The first request of a
-- connection claims a task. A response of any connection gives the next request its task.
-- CONFIRM in the environment: the seconds in which a task must be completed, else the default
local claimed = {}
local claim
local confirm = os.getenv("CONFIRM")
local wanted = '{"worker":"bench","dialects":["native"],"kinds":[null]' ..
	(confirm and ',"confirm_seconds":' .. confirm or '') .. '}'
local next_one = confirm and wanted or "true"

wrk.headers["Content-Type"] = "application/json"

-- Only now the host is known.
init = function()
	claim = wrk.format("POST", "/v1/claims", nil, wanted)
end

request = function()
	local task = table.remove(claimed)

	if not task then
		return claim
	end
	return wrk.format("POST", "/v1/tasks/" .. task.id .. "/complete", nil,
		'{"token":"' .. task.token .. '","claim_next":' .. next_one .. '}')
end

response = function(status, headers, body)
	local token = body:match('"token":"(%x+)"')

	if token then
		local at = body:find('"token"', 1, true)
		table.insert(claimed, { token = token, id = body:match('"id":"([%x-]+)"', at) })
	end
end
