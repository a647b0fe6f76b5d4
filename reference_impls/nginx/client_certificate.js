/** The client certificate as RFC 9440, section 2.1, writes it: the base64 of its DER between colons; "" without one. */
function rfc9440(r) {
    const pem = r.variables.ssl_client_raw_cert;
    if (!pem) {
        return "";
    }
    const lines = pem.split("\n").filter((line) => line && !line.startsWith("-----"));
    return ":" + lines.map((line) => line.trim()).join("") + ":";
}

export default { rfc9440 };
