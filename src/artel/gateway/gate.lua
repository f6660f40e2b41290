-- The token at the gate: ES256 by the public keys that auth publishes, remembered until it expires.
local ffi = require "ffi"
local cjson = require "cjson.safe"
local lrucache = require "resty.lrucache"
local revoked = require "revoked"
local C = ffi.C

ffi.cdef [[
typedef struct evp_pkey_st EVP_PKEY;
typedef struct evp_md_ctx_st EVP_MD_CTX;
typedef struct evp_md_st EVP_MD;
EVP_PKEY *d2i_PUBKEY(EVP_PKEY **a, const unsigned char **pp, long length);
void EVP_PKEY_free(EVP_PKEY *key);
EVP_MD_CTX *EVP_MD_CTX_new(void);
void EVP_MD_CTX_free(EVP_MD_CTX *ctx);
const EVP_MD *EVP_sha256(void);
int EVP_DigestVerifyInit(EVP_MD_CTX *ctx, void **pctx, const EVP_MD *type, void *e, EVP_PKEY *pkey);
int EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *sig, size_t siglen, const unsigned char *tbs, size_t tbslen);
void ERR_clear_error(void);
]]

local JWKS, ISSUER, AUDIENCE, SKEW = "%%jwks", "%%issuer", "%%audience", %%skew
local LONGEST = 4096
local TRIES, WINDOW = %%tries, 10 -- tokens never seen that an address may show, in so many seconds
-- What stands before the point in the DER form of any public key on P-256.
local P256 = ngx.decode_base64("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE")
local TITLES = {[401] = "Unauthenticated", [404] = "Not found", [405] = "Method not allowed",
                [412] = "Refused", [413] = "Too large", [414] = "Too large",
                [422] = "Invalid body", [429] = "Rate limited", [503] = "Unavailable"}

local M = {}
local keys, looked = {}, 0
local mine = assert(lrucache.new(4096)) -- of the tokens that all workers remember those that this one has seen

function M.refuse(status, code, detail, headers)
    ngx.status = status
    for name, value in pairs(headers or {}) do ngx.header[name] = value end
    ngx.header["Content-Type"] = "application/problem+json"
    ngx.say(cjson.encode({
        type = "urn:artel:problem:" .. code, title = TITLES[status], status = status, detail = detail, code = code,
        request_id = ngx.var.artel_id,
    }))
    return ngx.exit(ngx.HTTP_OK)
end

local function unbase64(text)
    if text:find("[^%w_-]") then return nil end
    text = text:gsub("-", "+"):gsub("_", "/")
    return ngx.decode_base64(text .. ("="):rep(-#text % 4))
end

local function read_keys()
    local file = assert(io.open(JWKS))
    local text = file:read("*a")
    file:close()
    local fresh = {}
    for _, key in ipairs(assert(cjson.decode(text)).keys) do
        if key.crv == "P-256" then -- of another kind none is ours
            local der = P256 .. unbase64(key.x) .. unbase64(key.y)
            local at = ffi.new("const unsigned char *[1]", ffi.cast("const unsigned char *", der))
            local made = C.d2i_PUBKEY(nil, at, #der)
            assert(made ~= nil, "a key is no point of its curve")
            fresh[key.kid] = ffi.gc(made, C.EVP_PKEY_free)
        end
    end
    return fresh
end

-- A file that is not there, or not whole, changes nothing.
local function load_keys()
    looked = ngx.time()
    local is_good, found = pcall(read_keys)
    if is_good then
        keys = found
    else
        ngx.log(ngx.ERR, "the public keys in ", JWKS, " cannot be read: ", tostring(found))
    end
end

-- A kid never seen, or a key that is withdrawn: the file is looked at again, at most once a second.
local function key_of(kid)
    if (not keys[kid] or ngx.time() - looked >= 60) and ngx.time() > looked then load_keys() end
    return keys[kid]
end

-- r and s as a JWT has them, in the form that OpenSSL takes.
local function integer(bytes)
    bytes = bytes:gsub("^%z+", "")
    if bytes == "" or bytes:byte() >= 128 then bytes = "\0" .. bytes end
    return "\2" .. string.char(#bytes) .. bytes
end

local function is_signed(key, signed, signature)
    local body = integer(signature:sub(1, 32)) .. integer(signature:sub(33))
    local der = "\48" .. string.char(#body) .. body
    local context = ffi.gc(C.EVP_MD_CTX_new(), C.EVP_MD_CTX_free)
    local good = C.EVP_DigestVerifyInit(context, nil, C.EVP_sha256(), nil, key) == 1
        and C.EVP_DigestVerify(context, der, #der, signed, #signed) == 1
    C.ERR_clear_error()
    return good
end

-- The claims, or nil: everything that is not as it must be is one and the same.
local function claims_of(token)
    local head, body, tail = token:match("^([%w_-]+)%.([%w_-]+)%.([%w_-]+)$")
    if not head then return nil end
    local header, claims, signature = cjson.decode(unbase64(head) or ""), cjson.decode(unbase64(body) or ""), unbase64(tail)
    if type(header) ~= "table" or type(claims) ~= "table" or header.alg ~= "ES256" or type(header.kid) ~= "string" then return nil end
    local key = key_of(header.kid)
    if not key or not signature or #signature ~= 64 or not is_signed(key, head .. "." .. body, signature) then return nil end
    local iat, nbf = claims.iat, claims.nbf
    if claims.iss ~= ISSUER or claims.aud ~= AUDIENCE or type(claims.sub) ~= "string" or type(claims.sid) ~= "string" or type(claims.exp) ~= "number" or claims.exp % 1 ~= 0 then return nil end
    if iat ~= nil and (type(iat) ~= "number" or iat > ngx.time() + SKEW) then return nil end
    if nbf ~= nil and (type(nbf) ~= "number" or nbf > ngx.time() + SKEW) then return nil end
    return claims
end

local function unauthenticated(code, detail)
    return M.refuse(401, code, detail, {["WWW-Authenticate"] = "Bearer"})
end

function M.limited()
    return M.refuse(429, "rate_limited", "Too many requests; come back a little later.", {["Retry-After"] = "1"})
end

-- Whose a token is, by this worker or by another that has verified it.
local function remembered(token)
    local found = mine:get(token)
    if not found then
        local exp, user, sid = (ngx.shared.tokens:get(token) or ""):match("^(%d+) (.*) (.*)$")
        if not exp then return nil end
        found = {exp = tonumber(exp), user = user, sid = sid}
        mine:set(token, found)
    end
    return found.exp > ngx.time() and found or nil
end

-- As `remembered`, of a token that is seen for the first time; or nothing, and it has been answered.
local function verified(token)
    -- To verify costs more than all else here, and comes before nginx looks at its limits.
    local tries = ngx.shared.tries:incr(ngx.var.artel_place, 1, 0, WINDOW)
    if tries and tries > TRIES then return M.limited() end
    local claims = claims_of(token)
    if not claims then return unauthenticated("unauthenticated", "The token is not valid.") end
    local left = claims.exp - ngx.time()
    if left <= 0 then return unauthenticated("token_expired", "The token has expired; refresh it.") end
    ngx.shared.tokens:set(token, string.format("%d %s %s", claims.exp, claims.sub, claims.sid), left)
    return {user = claims.sub, sid = claims.sid}
end

function M.check()
    local var = ngx.var
    if var.artel_service == "" then
        return M.refuse(404, "not_found", "There is no such thing, or it is not yours to see.")
    end
    if var.artel_open ~= "" then return end
    local said = var.http_authorization or ""
    if #said > LONGEST or #said < 8 or said:sub(1, 7):lower() ~= "bearer " then
        return unauthenticated("unauthenticated", "Sign in first.")
    end
    local token = said:sub(8)
    local who = remembered(token) or verified(token)
    if not who then return end
    if revoked.has(who.sid) then return unauthenticated("signed_out", "You have signed out; sign in again.") end
    var.artel_user = who.user
end

-- Each service with what it stands on, as the one process says it.
function M.ready(services)
    local names, asked = {}, {}
    for name in pairs(services) do
        names[#names + 1] = name
        asked[#asked + 1] = {"/_ready/" .. name}
    end
    local answers, all = {ngx.location.capture_multi(asked)}, {}
    local status = 200
    for at, answer in ipairs(answers) do
        local said = cjson.decode(answer.body)
        all[names[at]] = type(said) == "table" and said[names[at]] or {service = "away"}
        if answer.status ~= 200 then status = 503 end
    end
    ngx.status = status
    ngx.header["Content-Type"] = "application/json"
    if status ~= 200 then ngx.header["Retry-After"] = "2" end
    ngx.say(cjson.encode(all))
end

load_keys()
return M
