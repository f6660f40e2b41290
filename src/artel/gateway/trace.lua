-- The gate's own part of a trace that is kept: told to the collector with others of its second, and lost if that does
-- not hear.
-- No address of what was asked for: some of them are secrets.
local cjson = require "cjson.safe"

local HOST, PORT, PATH = "%%host", %%port, "%%path"
local SECONDS = 2
local EVERY, MOST = 1, 1000 -- seconds; of more than so many in each the rest is lost, and that is well

local M = {}
local fresh, is_waiting = {}, false -- what this worker has not told yet, and whether it soon will

local function attributes(values)
    local list = {}
    for key, value in pairs(values) do list[#list + 1] = {key = key, value = {stringValue = value}} end
    return list
end

local RESOURCE = {attributes = attributes({["service.namespace"] = "artel", ["service.name"] = "gateway"})}

local function tell(is_ending)
    local spans = fresh
    fresh, is_waiting = {}, false
    if is_ending then return end
    local body = cjson.encode({resourceSpans = {{
        resource = RESOURCE, scopeSpans = {{scope = {name = "artel"}, spans = spans}},
    }}})
    local socket = ngx.socket.tcp()
    socket:settimeout(SECONDS * 1000)
    if not socket:connect(HOST, PORT) then return end
    socket:send({
        "POST ", PATH, " HTTP/1.1\r\nHost: ", HOST, ":", PORT, "\r\nContent-Type: application/json\r\nContent-Length: ",
        #body, "\r\nConnection: close\r\n\r\n", body,
    })
    socket:receive("*l")
    socket:close()
end

local function nanoseconds(seconds) return string.format("%.0f000000", seconds * 1000) end

function M.log()
    local var = ngx.var
    if var.artel_kept ~= "01" then return end
    if not is_waiting then is_waiting = ngx.timer.at(EVERY, tell) end
    if #fresh == MOST then return end
    local began, status = ngx.req.start_time(), ngx.status
    fresh[#fresh + 1] = {
        traceId = var.artel_trace, spanId = var.artel_span, name = ngx.req.get_method() .. " " .. var.artel_service,
        kind = 2, startTimeUnixNano = nanoseconds(began), endTimeUnixNano = nanoseconds(began + var.request_time),
        attributes = attributes({
            ["http.request.method"] = ngx.req.get_method(), ["http.response.status_code"] = tostring(status),
            ["http.request.id"] = var.artel_id, ["user.id"] = var.artel_user or "",
        }),
        status = {code = status >= 500 and 2 or 0},
    }
end

return M
