-- What passes the gate, as Prometheus reads it: each worker counts for itself, and tells all others once a second.
local figures = ngx.shared.figures
local BOUNDS = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10}
local EVERY = 1

local M = {}
local fresh = {} -- what is not told yet

local function add(key, much)
    fresh[key] = (fresh[key] or 0) + much
end

function M.tell()
    for key, much in pairs(fresh) do figures:incr(key, much, 0) end
    fresh = {}
end

function M.start()
    assert(ngx.timer.every(EVERY, M.tell))
end

-- Who made the answer: of what a service did not answer the gate has made one.
local function maker(status, upstream)
    if upstream ~= tostring(status) then upstream = upstream:match("(%d+)%D*$") end
    return tonumber(upstream) == status and "service" or "gateway"
end

local function time(service, seconds)
    local at = 1
    while BOUNDS[at] and seconds > BOUNDS[at] do at = at + 1 end
    add("bucket " .. service .. " " .. at, 1)
    add("sum " .. service, seconds)
end

function M.count()
    local status, service, upstream = ngx.status, ngx.var.artel_service, ngx.var.upstream_status or ""
    if service == "" then service = "web" end
    add("requests " .. service .. " " .. status .. " " .. maker(status, upstream), 1)
    if status ~= 101 then time(service, ngx.now() - ngx.req.start_time()) end -- a live socket is open for hours
    if upstream:find(",", 1, true) then add("again " .. service, 1) end
end

local function say(name, labels, value)
    ngx.say("artel_gateway_", name, labels, " ", string.format("%.15g", value))
end

local function head(name, kind, help)
    ngx.say("# HELP artel_gateway_", name, " ", help, "\n# TYPE artel_gateway_", name, " ", kind)
end

local function say_times(services)
    head("seconds", "histogram", "time to answer, as the caller has it; live sockets are not counted")
    for service in pairs(services) do
        local below = 0
        for at = 1, #BOUNDS + 1 do
            below = below + (figures:get("bucket " .. service .. " " .. at) or 0)
            say("seconds_bucket", string.format('{service="%s",le="%s"}', service, BOUNDS[at] or "+Inf"), below)
        end
        say("seconds_sum", string.format('{service="%s"}', service), figures:get("sum " .. service) or 0)
        say("seconds_count", string.format('{service="%s"}', service), below)
    end
end

local function say_connections()
    head("connections", "gauge", "connections of phones and browsers, and between nginx and services, by what they do")
    for _, state in ipairs({"reading", "writing", "waiting"}) do
        say("connections", string.format('{state="%s"}', state), tonumber(ngx.var["connections_" .. state]))
    end
end

function M.show()
    M.tell()
    ngx.header["Content-Type"] = "text/plain; version=0.0.4"
    local keys, services = figures:get_keys(0), {}
    table.sort(keys)
    head("requests_total", "counter", "answers, by whom they were made")
    for _, key in ipairs(keys) do
        local service, status, by = key:match("^requests (%w+) (%d+) (%w+)$")
        if service then
            services[service] = true
            say("requests_total", string.format('{service="%s",status="%s",by="%s"}', service, status, by), figures:get(key))
        end
    end
    head("sent_again_total", "counter", "requests that one process did not answer and another was asked")
    for service in pairs(services) do
        say("sent_again_total", string.format('{service="%s"}', service), figures:get("again " .. service) or 0)
    end
    say_times(services)
    say_connections()
end

return M
