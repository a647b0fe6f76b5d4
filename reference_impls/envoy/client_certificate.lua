-- Leaves the client certificate as RFC 9440, section 2.1, writes it, where the configuration can take it from:
-- the base64 of its DER between colons, and nothing at all without a certificate.
function envoy_on_request(handle)
  local tls = handle:streamInfo():downstreamSslConnection()
  if tls == nil or not tls:peerCertificatePresented() then
    return
  end
  local pem = tls:urlEncodedPemEncodedPeerCertificate():gsub("%%(%x%x)", function(byte)
    return string.char(tonumber(byte, 16))
  end)
  local base64 = pem:match("^%-+BEGIN CERTIFICATE%-+(.-)%-+END CERTIFICATE"):gsub("%s", "")
  handle:streamInfo():dynamicMetadata():set("client_certificate", "rfc9440", ":" .. base64 .. ":")
end

-- RFC 9440, section 2.4: a client cannot know what a Vary by these fields means.
function envoy_on_response(handle)
  local headers = handle:headers()
  local vary = headers:get("vary")
  if vary ~= nil and vary:lower():find("client-cert", 1, true) then
    headers:replace("vary", "*")
  end
end
