-- wrk: creates native tasks, most of them ended, and removes every fourth one again.
created, removed, failed = 0, 0, 0 -- globals: done() reads them
local pending, turn, threads = {}, 0, {}

function setup(thread)
	table.insert(threads, thread)
end

function init()
	wrk.headers["Content-Type"] = "application/json"
end

function request()
	local id = table.remove(pending)

	if id then
		return wrk.format("DELETE", "/v1/tasks/" .. id)
	end
	turn = turn + 1
	local state = turn % 5 == 0 and "failed" or "succeeded"
	local text = string.rep("x", 20 + turn % 200)
	local body = '{"state":"' .. state .. '","fields":{"text":"' .. text .. '"}}'
	return wrk.format("POST", "/v1/tasks", nil, body)
end

function response(status, headers, body)
	if status == 201 then
		created = created + 1
		if created % 4 == 0 then
			table.insert(pending, body:match('"id":"([^"]+)"'))
		end
	elseif status == 204 then
		removed = removed + 1
	else
		failed = failed + 1
	end
end

function done()
	local sums = { created = 0, removed = 0, failed = 0 }

	for _, thread in ipairs(threads) do
		for name in pairs(sums) do
			sums[name] = sums[name] + (thread:get(name) or 0)
		end
	end
	print(string.format("soak %d %d %d", sums.created, sums.removed, sums.failed))
end
