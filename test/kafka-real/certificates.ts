/** Certificates for tests of TLS, made by openssl: an authority, a broker's key and chain for localhost, and an authority that nobody trusts. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Files of certificates. */
export interface Certificates {
  /** The authority that signed the broker's certificate. */
  readonly ca: string
  /** Another authority. */
  readonly otherCa: string
  /** File of the broker's key and chain, as `ssl.keystore.type=PEM` takes it. */
  readonly keystore: string
  remove(): void
}

/** Makes certificates. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-certificates-'))
  const at = (name: string): string => join(folder, name)
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' })
  const authority = (name: string): string => {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      at(`${name}.key`),
      '-out',
      at(name),
    )
    return readFileSync(at(name), 'utf8')
  }
  const ca = authority('authority')
  const otherCa = authority('other-authority')
  openssl('req', '-new', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-keyout', at('broker.key'), '-out', at('broker.csr'))
  writeFileSync(at('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1')
  const signing = ['-CA', at('authority'), '-CAkey', at('authority.key'), '-CAcreateserial', '-extfile', at('names'), '-days', '2']
  openssl('x509', '-req', '-in', at('broker.csr'), ...signing, '-out', at('broker'))
  openssl('pkcs8', '-topk8', '-nocrypt', '-in', at('broker.key'), '-out', at('broker.pkcs8'))
  const keystore = at('keystore.pem')
  writeFileSync(keystore, `${readFileSync(at('broker.pkcs8'), 'utf8')}${readFileSync(at('broker'), 'utf8')}${ca}`)
  return { ca, otherCa, keystore, remove: () => rmSync(folder, { recursive: true }) }
}
