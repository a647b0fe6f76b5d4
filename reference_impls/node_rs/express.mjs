// npm express-oauth2-jwt-bearer as the middleware of an Express 5 application, for a lab.
//
//   NODE_ENV=production NODE_EXTRA_CA_CERTS=ca.pem node express.mjs --url https://localhost:8444 --port 8444
//     --bind 127.0.0.1 --tls-cert server.crt --tls-key server.key --issuer https://localhost:8443
//     [--dpop allowed|required] [--profile any-jwt|rfc9068] [--certificates ignored|checked] [--modules DIR]
//
// Whatever is not named here is the product's default: refusals are worded by it and by Express's own error handler.
import { CANARY, SCOPE, load, readOptions, serve, start } from './lab.mjs';

function protection(options) {
  const certificates = { getCertificate: (req) => req.socket.getPeerCertificate()?.raw || undefined };
  return {
    issuerBaseURL: options.issuer,
    audience: options.url,
    dpop: { enabled: true, required: options.dpop === 'required' },
    strict: options.profile === 'rfc9068',
    ...(options.certificates === 'checked' ? certificates : {}),
  };
}

start(async () => {
  const options = readOptions();
  const { default: express } = await load(options, 'express');
  const { auth, requiredScopes } = (await load(options, 'express-oauth2-jwt-bearer')).default;
  const app = express();
  app.use(express.urlencoded());
  app.use(auth(protection(options)));
  const give = (_req, res) => res.type('text').send(CANARY);
  app.route('/resource').get(requiredScopes(SCOPE), give).post(requiredScopes(SCOPE), give);
  serve(options, app);
});
