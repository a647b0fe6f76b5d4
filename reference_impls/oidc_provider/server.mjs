// npm oidc-provider as an authorization server with its userinfo endpoint as the resource, for a lab.
//
//   node server.mjs --issuer https://localhost:8443 --port 8443 --bind 127.0.0.1 --tls-cert server.crt
//     --tls-key server.key --ca ca.pem --clients clients.json [--nonces off|optional|required]
//     [--tokens opaque|jwt] [--modules DIR]
//
// The product's own defaults hold wherever a lab does not need something else. One user, who is signed in and
// consents without being asked. Signing and cookie keys and the nonce secret are made at every start.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const USER = 'user-who-consents';
const SAMPLE_RESOURCE = 'https://resource.test/';
const CLIENT_AUTHENTICATION = [
  'client_secret_basic', 'client_secret_post', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth',
  'none',
];
// An idle connection is kept longer than any client of the lab keeps it, so that the client is the one that closes.
const KEEP_ALIVE_MS = 120_000;
const SWEEP_MS = 30_000;

class UsageError extends Error {}

function readOptions() {
  const text = { type: 'string' };
  const names = {
    issuer: text, port: text, bind: { ...text, default: '127.0.0.1' }, 'tls-cert': text, 'tls-key': text, ca: text,
    clients: text, nonces: { ...text, default: 'off' }, tokens: { ...text, default: 'opaque' },
    modules: { ...text, default: import.meta.dirname },
  };
  const { values } = parseArgs({ options: names });
  for (const name of Object.keys(names)) {
    if (values[name] === undefined) throw new UsageError(`--${name} is missing`);
  }
  const choices = { nonces: ['off', 'optional', 'required'], tokens: ['opaque', 'jwt'] };
  for (const [name, allowed] of Object.entries(choices)) {
    if (!allowed.includes(values[name])) {
      throw new UsageError(`--${name}: ${values[name]}: write one of ${allowed.join(', ')}`);
    }
  }
  return values;
}

// The product's default store forgets the oldest of 1000 entries, also replayed jti values that it still has to know.
// This one forgets nothing before its time.
class Store {
  static #entries = new Map();

  static #grants = new Map();

  static sweep() {
    const now = Date.now();
    for (const [key, { expires }] of Store.#entries) if (expires <= now) Store.#entries.delete(key);
    for (const [grant, keys] of Store.#grants) {
      for (const key of keys) if (!Store.#entries.has(key)) keys.delete(key);
      if (keys.size === 0) Store.#grants.delete(grant);
    }
  }

  constructor(model) { this.model = model; }

  #key(id) { return `${this.model}:${id}`; }

  async upsert(id, payload, expiresIn) {
    const key = this.#key(id);
    Store.#entries.set(key, { payload, expires: expiresIn ? Date.now() + expiresIn * 1000 : Infinity });
    const { grantId, uid } = payload;
    if (this.model === 'Session') Store.#entries.set(`uid:${uid}`, { payload, expires: Infinity });
    if (grantId && this.model !== 'Session') {
      if (!Store.#grants.has(grantId)) Store.#grants.set(grantId, new Set());
      Store.#grants.get(grantId).add(key);
    }
  }

  async find(id) {
    const entry = Store.#entries.get(this.#key(id));
    return entry && entry.expires > Date.now() ? entry.payload : undefined;
  }

  async findByUid(uid) { return Store.#entries.get(`uid:${uid}`)?.payload; }

  async consume(id) {
    const payload = await this.find(id);
    if (payload) payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) { Store.#entries.delete(this.#key(id)); }

  async revokeByGrantId(grantId) {
    for (const key of Store.#grants.get(grantId) ?? []) Store.#entries.delete(key);
    Store.#grants.delete(grantId);
  }
}

function readClients(file) {
  let content;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`--clients: ${file}: ${error.message}`);
  }
  const resourceServers = (content.resource_servers ?? []).map((server) => ({
    ...server, token_endpoint_auth_method: 'client_secret_basic', grant_types: [], response_types: [],
  }));
  return { clients: content.clients ?? [], resourceServers };
}

function signingKeys() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { crv, kty, x, y, d } = privateKey.export({ format: 'jwk' });
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return { keys: [{ kty, crv, x, y, d, kid, alg: 'ES256', use: 'sig' }] };
}

// RFC 8705 section 2.1.2: one registered subject value. Names with escaped characters are compared as Node prints them.
function subjectMatches(ctx, property, expected) {
  const certificate = ctx.socket.getPeerX509Certificate();
  if (property === 'tls_client_auth_subject_dn') {
    return certificate.subject.split('\n').reverse().join(',') === expected;
  }
  const prefix = {
    tls_client_auth_san_dns: 'DNS:', tls_client_auth_san_uri: 'URI:', tls_client_auth_san_ip: 'IP Address:',
    tls_client_auth_san_email: 'email:',
  }[property];
  return (certificate.subjectAltName ?? '').split(', ').includes(`${prefix}${expected}`);
}

function mutualTls() {
  return {
    enabled: true,
    certificateBoundAccessTokens: true,
    tlsClientAuth: true,
    selfSignedTlsClientAuth: true,
    getCertificate: (ctx) => ctx.socket.getPeerX509Certificate(),
    certificateAuthorized: (ctx) => ctx.socket.authorized,
    certificateSubjectMatches: subjectMatches,
  };
}

function proofs(nonces) {
  return {
    enabled: true,
    nonceSecret: nonces === 'off' ? undefined : randomBytes(32),
    requireNonce: () => nonces === 'required',
  };
}

// A token for SAMPLE_RESOURCE is a JWT where --tokens says so. Userinfo takes opaque tokens without an audience only,
// therefore client_credentials alone defaults to that resource.
function resources(tokens, scopes, InvalidTarget) {
  return {
    enabled: true,
    defaultResource: (ctx, _client, oneOf) => {
      if (oneOf) return oneOf;
      const machine = ctx.oidc.params.grant_type === 'client_credentials';
      return tokens === 'jwt' && machine ? SAMPLE_RESOURCE : undefined;
    },
    getResourceServerInfo: (_ctx, indicator) => {
      if (indicator !== SAMPLE_RESOURCE) throw new InvalidTarget();
      return { audience: SAMPLE_RESOURCE, scope: scopes.join(' '), accessTokenFormat: tokens };
    },
  };
}

async function consentToEverything(ctx) {
  const { params, client, provider, session, result } = ctx.oidc;
  const known = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  const grant = (known && await provider.Grant.find(known))
    || new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  if (params.scope) grant.addOIDCScope(params.scope);
  for (const resource of [params.resource ?? []].flat()) grant.addResourceScope(resource, params.scope);
  await grant.save();
  return grant;
}

function configuration(options, { clients, resourceServers }, { InvalidTarget }) {
  const callers = new Set(resourceServers.map(({ client_id: id }) => id));
  const scopes = [...new Set(['openid', ...clients.flatMap(({ scope }) => scope?.split(' ') ?? [])])];
  const mayIntrospect = (_ctx, client, token) => callers.has(client.clientId) || client.clientId === token.clientId;
  return {
    adapter: Store,
    clients: [...clients, ...resourceServers],
    clientAuthMethods: CLIENT_AUTHENTICATION,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    expiresWithSession: () => false,
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    jwks: signingKeys(),
    loadExistingGrant: consentToEverything,
    pkce: { required: () => true },
    responseTypes: ['code'],
    scopes,
    ttl: { AccessToken: 600, ClientCredentials: 600, Grant: 7200, Interaction: 600, RefreshToken: 3600, Session: 7200 },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      dPoP: proofs(options.nonces),
      introspection: { enabled: true, allowedPolicy: mayIntrospect },
      mTLS: mutualTls(),
      pushedAuthorizationRequests: { enabled: true },
      resourceIndicators: resources(options.tokens, scopes, InvalidTarget),
      registration: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: true },
    },
  };
}

async function loadProduct(folder) {
  const require = createRequire(join(resolve(folder), 'package.json'));
  try {
    return await import(pathToFileURL(require.resolve('oidc-provider')));
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    throw new UsageError(`--modules: ${folder}: no oidc-provider there; run npm ci in it`);
  }
}

async function makeProvider(options) {
  const { Provider, errors } = await loadProduct(options.modules);
  const parties = readClients(options.clients);
  const provider = new Provider(options.issuer, configuration(options, parties, errors));
  for (const { client_id: id } of [...parties.clients, ...parties.resourceServers]) {
    await provider.Client.find(id).catch((error) => {
      throw new UsageError(`--clients: ${id}: ${error.error_description ?? error.message}`);
    });
  }
  provider.on('server_error', (_ctx, error) => console.error(error));
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    const result = { login: { accountId: USER }, consent: {} };
    return ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
  });
  return provider;
}

async function main() {
  const options = readOptions();
  const provider = await makeProvider(options);
  const tls = { cert: readFileSync(options['tls-cert']), key: readFileSync(options['tls-key']) };
  const anyCertificate = { ca: readFileSync(options.ca), requestCert: true, rejectUnauthorized: false };
  const server = createServer({ ...tls, ...anyCertificate, keepAliveTimeout: KEEP_ALIVE_MS }, provider.callback());
  server.on('error', (error) => fail(`cannot listen: ${error.message}`));
  server.listen(Number(options.port), options.bind, () => console.log(`listening at ${options.issuer}`));
  setInterval(Store.sweep, SWEEP_MS).unref();
}

function fail(message) {
  console.error(`oidc_provider: ${message}`);
  process.exit(2);
}

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
main().catch((error) => {
  const ofUsage = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS') || error.code === 'ENOENT';
  fail(ofUsage ? error.message : error.stack);
});
