-- wrk: requests described by the environment.
--	METHOD, BODY, TYPE   of the request; TYPE is the body's media type
--	LOG_BYTES            instead of BODY: a task of VirtShell with a log of so many bytes
--	USERS                the number of users that take turns; without it, the header field is given
wrk.method = os.getenv("METHOD") or "GET"
wrk.body = os.getenv("BODY")
wrk.headers["Content-Type"] = os.getenv("TYPE") or "application/json"

local bytes = tonumber(os.getenv("LOG_BYTES"))
if bytes then
	wrk.body = '{"description":"clone virtual machine database_01","log":"' ..
		string.rep("x", bytes) .. '"}'
end

local users = tonumber(os.getenv("USERS"))
if users then
	local number = 0
	request = function()
		number = number % users + 1
		wrk.headers["X-User"] = string.format("00000000-0000-7000-8001-%012d", number)
		return wrk.format()
	end
end
