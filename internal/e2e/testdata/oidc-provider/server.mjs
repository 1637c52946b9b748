// An authorization server of oidc-provider with one client, as strict as it can be made: PKCE, refresh
// tokens that work once. It prints its address when it listens, and ends when its input does.
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

const { redirectURI, backURI } = JSON.parse(process.argv[2])
const server = createServer((req, res) => handle(req, res))
let handle

server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'waltz-e2e',
      client_secret: 'fake-secret',
      redirect_uris: [redirectURI],
      post_logout_redirect_uris: [backURI],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'picture'] },
    cookies: { keys: ['fake-cookie-key'] },
    features: { revocation: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    findAccount: (ctx, id) => ({
      accountId: id,
      claims: () => ({
        sub: id, name: 'Demo Ada', email: 'ada@example.com', email_verified: true, picture: 'https://pictures.example/ada',
      }),
    }),
    issueRefreshToken: async (ctx, client, code) => code.scopes.has('offline_access'),
    pkce: { required: () => true },
    rotateRefreshToken: true,
    scopes: ['openid', 'offline_access', 'email', 'profile'],
    ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 3600, IdToken: 3600, Interaction: 600, RefreshToken: 3600, Session: 3600 },
  })
  handle = provider.callback()
  process.stdout.write(issuer + '\n')
})

process.stdin.on('end', () => process.exit(0))
process.stdin.resume()
