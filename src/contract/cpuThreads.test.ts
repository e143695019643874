import { expect, it } from 'vitest';
import { cpuThreads } from './cpuThreads';

const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0';
const WEBKITGTK =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/60.5 Safari/605.1.15';
const CHROME_ON_IOS =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/138.0.7204.53 Mobile/15E148 Safari/604.1';

it.each([
  ['all that Chromium names', CHROME, 2, 2],
  ['all that Firefox names', FIREFOX, 6, 6],
  ['no more than eight', CHROME, 64, 8],
  ['half of what WebKit names', WEBKITGTK, 4, 2],
  ['half of what WebKit names on large devices', WEBKITGTK, 8, 4],
  ['half where Chrome is WebKit', CHROME_ON_IOS, 4, 2],
] as const)('takes %s', (_what, userAgent, hardwareConcurrency, threads) => {
  expect(cpuThreads({ userAgent, hardwareConcurrency })).toBe(threads);
});
