/**
 * The headers that the page's own files are served with: by `npm start`, and by the service worker on hosts that can't set
 * any. They close the page to foreign code: scripts and workers are its own files, only WebAssembly is compiled at run time,
 * and requests go to https, to this machine, or where the build says.
 */

/**
 * Cross-origin isolation: with these headers the page has SharedArrayBuffer, and so WASM threads. `require-corp` instead of
 * `credentialless`, which Safari lacks: the page fetches from other origins with CORS, which both allow.
 */
export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
} as const;

/** For any file of the page, also on the development server. */
const harmless = {
  ...isolation,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  // Of the permissions that a page can ask for, this one needs the clipboard and full screen.
  'Permissions-Policy': [
    'accelerometer',
    'bluetooth',
    'camera',
    'display-capture',
    'geolocation',
    'gyroscope',
    'hid',
    'magnetometer',
    'microphone',
    'midi',
    'payment',
    'publickey-credentials-get',
    'serial',
    'usb',
    'xr-spatial-tracking',
  ]
    .map((feature) => `${feature}=()`)
    .join(', '),
} as const;

/** Models and images come from any https URL; your own Hub mirror, server or proxy may run on this machine. */
const CONNECT = ["'self'", 'blob:', 'data:', 'https:', 'http://localhost:*', 'http://127.0.0.1:*'];

/**
 * The Content-Security-Policy, in the form that a header and a `<meta>` both take.
 *
 * Inline styles are allowed: the dialogs' library writes one while a dialog stops the page from scrolling.
 * `wasm-unsafe-eval` only allows WebAssembly; JavaScript is never made from text (src/contract/pageSecurity.ts).
 * @param connect further origins that the page may reach, e.g. a mirror of the Hub in the local network
 */
export function contentSecurityPolicy(connect: readonly string[] = []): string {
  const directives: Record<string, readonly string[]> = {
    'default-src': ["'none'"],
    'script-src': ["'self'", "'wasm-unsafe-eval'"],
    'worker-src': ["'self'"],
    'style-src': ["'self'", "'unsafe-inline'"],
    'img-src': ["'self'", 'blob:', 'data:'],
    'font-src': ["'self'"],
    'manifest-src': ["'self'"],
    'connect-src': [...CONNECT, ...connect],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'require-trusted-types-for': ["'script'"],
    // The only policy; it allows the page's own workers.
    'trusted-types': ['default'],
  };
  return Object.entries(directives)
    .map(([name, values]) => [name, ...values].join(' '))
    .join('; ');
}

export type HeaderFields = Readonly<Record<string, string>>;

/** Of the built page. @param connect as {@link contentSecurityPolicy} */
export function pageHeaders(connect: readonly string[] = []): HeaderFields {
  return { ...harmless, 'Content-Security-Policy': contentSecurityPolicy(connect) };
}

/** Of the development server, whose pages contain inline scripts. */
export const developmentHeaders: HeaderFields = harmless;

/**
 * The URLs besides https and this machine that a build may reach: the Hub mirror that it is built for, and those in
 * `VITE_CONNECT`.
 * @returns origins
 * @throws Error that names the variable whose value is not an http(s) URL
 */
export function connectFromEnv(env: Readonly<Record<string, string | undefined>>): string[] {
  const named = (variable: string) =>
    (env[variable] ?? '')
      .split(/\s+/)
      .filter((address) => address !== '')
      .map((address) => {
        if (!/^https?:/i.test(address) || !URL.canParse(address)) {
          throw new Error(`${variable}: "${address}" is no http(s) address`);
        }
        return new URL(address).origin;
      });
  return [...new Set([...named('VITE_HUB_URL'), ...named('VITE_CONNECT')])];
}
