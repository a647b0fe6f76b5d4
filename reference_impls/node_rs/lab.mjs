// What both resource servers of this folder need of a lab: command line, modules, a TLS listener, an end.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

export const CANARY = 'holdfast protected resource';
export const SCOPE = 'read';
// An idle connection is kept longer than any client of the lab keeps it, so that the client is the one that closes.
const KEEP_ALIVE_MS = 120_000;

class UsageError extends Error {}

export function readOptions() {
  const text = { type: 'string' };
  const names = {
    url: text, issuer: text, port: text, bind: { ...text, default: '127.0.0.1' }, 'tls-cert': text, 'tls-key': text,
    dpop: { ...text, default: 'allowed' }, profile: { ...text, default: 'any-jwt' },
    certificates: { ...text, default: 'ignored' }, modules: { ...text, default: import.meta.dirname },
  };
  const { values } = parseArgs({ options: names });
  for (const name of Object.keys(names)) {
    if (values[name] === undefined) throw new UsageError(`--${name} is missing`);
  }
  const choices = {
    dpop: ['allowed', 'required'], profile: ['any-jwt', 'rfc9068'], certificates: ['ignored', 'checked'],
  };
  for (const [name, allowed] of Object.entries(choices)) {
    if (!allowed.includes(values[name])) {
      throw new UsageError(`--${name}: ${values[name]}: write one of ${allowed.join(', ')}`);
    }
  }
  return values;
}

export async function load(options, name) {
  const require = createRequire(join(resolve(options.modules), 'package.json'));
  try {
    return await import(pathToFileURL(require.resolve(name)));
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    throw new UsageError(`--modules: ${options.modules}: no ${name} there; run npm ci in it`);
  }
}

export function serve(options, answer) {
  const tls = { cert: readFileSync(options['tls-cert']), key: readFileSync(options['tls-key']) };
  // Any certificate reaches the application, which answers 401 itself.
  const asked = options.certificates === 'checked' ? { requestCert: true, rejectUnauthorized: false } : {};
  const server = createServer({ ...tls, ...asked, keepAliveTimeout: KEEP_ALIVE_MS }, answer);
  server.on('error', (error) => fail(`cannot listen: ${error.message}`));
  server.listen(Number(options.port), options.bind, () => console.log(`listening at ${options.url}`));
}

function fail(message) {
  console.error(`node_rs: ${message}`);
  process.exit(2);
}

export function start(main) {
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
  main().catch((error) => {
    const ofUsage = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS') || error.code === 'ENOENT';
    fail(ofUsage ? error.message : error.stack);
  });
}
