// npm oauth4webapi behind node:https, for a lab.
//
//   NODE_EXTRA_CA_CERTS=ca.pem node oauth4webapi.mjs --url https://localhost:8444 --port 8444 --bind 127.0.0.1
//     --tls-cert server.crt --tls-key server.key --issuer https://localhost:8443 [--dpop allowed|required]
//     [--modules DIR]
//
// The product decides whether a request is let in, from a Request whose URL has the server's configured origin. It
// throws where one is not: the wording of refusals is this file's. Scope is left to the server by the product.
import { CANARY, SCOPE, load, readOptions, serve, start } from './lab.mjs';

// What the product takes by default and this Node can verify.
const ALGORITHMS = [
  'ES256', 'ES384', 'ES512', 'Ed25519', 'EdDSA', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512',
];

// Repeated fields stay repeated: Headers joins them.
function asRequest({ method, url, rawHeaders }, origin) {
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at], rawHeaders[at + 1]);
  return new Request(origin + url, { method, headers });
}

function decoded(part) {
  try {
    return JSON.stringify(JSON.parse(Buffer.from(part, 'base64url')));
  } catch {
    return undefined;
  }
}

// Token or proof? What was thrown carries what it is about: the JWT, its header, its claims or its signing input.
function isAbout(jwt, { cause }) {
  const [header, claims] = jwt.split('.');
  const same = (part, value) => value !== undefined && JSON.stringify(value) === decoded(part);
  const signed = cause?.data === undefined ? undefined : Buffer.from(cause.data).toString();
  return cause === jwt || same(header, cause?.header) || same(claims, cause?.claims) || signed === `${header}.${claims}`;
}

function challenges(scheme, error, required) {
  const dpop = `DPoP algs="${ALGORITHMS.join(' ')}"`;
  const bearer = 'Bearer realm="lab"';
  const said = error ? `, error="${error}"` : '';
  if (required) return [dpop + said];
  return scheme === 'bearer' ? [bearer + said, dpop] : [dpop + said, bearer];
}

function refusal(request, thrown, required) {
  const [scheme, token, ...more] = (request.headers.get('authorization') ?? '').split(/ +/);
  const name = scheme.toLowerCase();
  if (!['dpop', 'bearer'].includes(name)) return { status: 401, challenges: challenges('', '', required) };
  if (!token || more.length) return { status: 400, challenges: challenges(name, 'invalid_request', required) };
  const ofProof = name === 'dpop' && !isAbout(token, thrown);
  return { status: 401, challenges: challenges(name, ofProof ? 'invalid_dpop_proof' : 'invalid_token', required) };
}

async function judge(oauth, as, request, { url, dpop }) {
  const required = dpop === 'required';
  try {
    const claims = await oauth.validateJwtAccessToken(as, request, url, { requireDPoP: required });
    if (String(claims.scope).split(' ').includes(SCOPE)) return { status: 200 };
    const scheme = claims.cnf ? 'dpop' : 'bearer';
    return { status: 403, challenges: challenges(scheme, 'insufficient_scope', required) };
  } catch (thrown) {
    return refusal(request, thrown, required);
  }
}

async function answer(oauth, as, options, req) {
  if (req.url.split('?')[0] !== '/resource') return { status: 404 };
  if (!['GET', 'POST'].includes(req.method)) return { status: 405 };
  let request;
  try {
    request = asRequest(req, options.url);
  } catch {
    return { status: 400 };
  }
  return judge(oauth, as, request, options);
}

start(async () => {
  const options = readOptions();
  const oauth = await load(options, 'oauth4webapi');
  const issuer = new URL(options.issuer);
  const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2' });
  const as = await oauth.processDiscoveryResponse(issuer, found);
  serve(options, async (req, res) => {
    req.resume();
    const { status, challenges: said = [] } = await answer(oauth, as, options, req);
    res.writeHead(status, said.length ? { 'WWW-Authenticate': said } : {}).end(status === 200 ? CANARY : '');
  });
});
