import { expect, test } from 'vitest';
import { connectFromEnv, contentSecurityPolicy, developmentHeaders, pageHeaders } from './pageHeaders';

const directive = (name: string, policy: string) =>
  policy
    .split('; ')
    .find((each) => each.startsWith(`${name} `))
    ?.split(' ')
    .slice(1);

test('only the page’s own scripts run, and nothing is made code but WebAssembly', () => {
  const policy = contentSecurityPolicy();
  expect(directive('default-src', policy)).toEqual(["'none'"]);
  expect(directive('script-src', policy)).toEqual(["'self'", "'wasm-unsafe-eval'"]);
  expect(directive('worker-src', policy)).toEqual(["'self'"]);
  expect(directive('require-trusted-types-for', policy)).toEqual(["'script'"]);
  expect(policy).not.toContain("'unsafe-eval'");
});

test('models and pictures come from https and this machine, and from what a build names', () => {
  const policy = contentSecurityPolicy(['http://192.168.1.5:8080']);
  const reached = directive('connect-src', policy) ?? [];
  expect(reached).toContain('https:');
  expect(reached).toContain('http://127.0.0.1:*');
  expect(reached).toContain('http://192.168.1.5:8080');
  expect(reached).not.toContain('http:');
  expect(reached).not.toContain('*');
});

test('what a build may reach comes from its environment, as origins', () => {
  expect(
    connectFromEnv({
      VITE_HUB_URL: 'http://hub.example/mirror/',
      VITE_CONNECT: 'http://10.0.0.2:8080/x  http://hub.example',
    }),
  ).toEqual(['http://hub.example', 'http://10.0.0.2:8080']);
  expect(connectFromEnv({})).toEqual([]);
  expect(() => connectFromEnv({ VITE_CONNECT: '*' })).toThrow('VITE_CONNECT: "*" is no http(s) address');
  expect(() => connectFromEnv({ VITE_CONNECT: "http://a; script-src 'unsafe-eval'" })).toThrow(
    'VITE_CONNECT',
  );
});

test('files of every kind say that they are what they are called', () => {
  for (const headers of [pageHeaders(), developmentHeaders]) {
    expect(headers['X-Content-Type-Options']).toBe('nosniff');
    expect(headers['Permissions-Policy']).toContain('camera=()');
    expect(headers['Cross-Origin-Embedder-Policy']).toBe('require-corp');
  }
});
