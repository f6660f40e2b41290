-- Where services are, looked up by name again and again: among containers an address comes, goes, and moves.
local balancer = require "ngx.balancer"
local dns = require "nginx.dns.resolver"

local SERVER, PORT = "%%host", %%port
local NAMES = {
%%names
}
local EVERY, REST = 1, 2 -- seconds: between two looks, and for an address that did not answer
local M = {}
local known, resting = {}, {} -- service → addresses; address → until when

local function look(service, name)
    local asked = dns:new {nameservers = {{SERVER, PORT}}, retrans = 2, timeout = 500}
    local answers = asked and asked:query(name[1], {qtype = asked.TYPE_A})
    if not answers or (answers.errcode and answers.errcode ~= 3) then return end -- nobody answers: what was, stays
    local found = {}
    for _, each in ipairs(answers) do found[#found + 1] = each.address end
    known[service] = found
end

local function look_again(is_over)
    if is_over then return end
    for service, name in pairs(NAMES) do ngx.thread.spawn(look, service, name) end
end

function M.start()
    assert(ngx.timer.at(0, look_again))
    assert(ngx.timer.every(EVERY, look_again))
end

-- One table is at one process as long as it lives, whoever else comes; a request without a table is at any.
local function in_order(service)
    local key, scores, order = ngx.var.artel_table, {}, {}
    for _, address in ipairs(known[service] or {}) do
        local is_resting = (resting[address] or 0) > ngx.now()
        scores[address] = (is_resting and "0" or "1") .. ngx.md5(key .. address)
        order[#order + 1] = address
    end
    table.sort(order, function(one, other) return scores[one] > scores[other] end)
    return order
end

function M.choose(service)
    local order = ngx.ctx.artel_order
    if order then
        resting[ngx.ctx.artel_address] = ngx.now() + REST
    else
        order = in_order(service)
        ngx.ctx.artel_order = order
        if #order > 1 then balancer.set_more_tries(1) end
    end
    ngx.ctx.artel_address = table.remove(order, 1)
    if not ngx.ctx.artel_address then return ngx.exit(ngx.HTTP_SERVICE_UNAVAILABLE) end
    assert(balancer.set_current_peer(ngx.ctx.artel_address, NAMES[service][2]))
end

return M
