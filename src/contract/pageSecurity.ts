/**
 * Keeps foreign code out of a page or worker. Every entry point that checks data or starts workers imports this first.
 *
 * In a browser with Trusted Types (the page's headers turn them on), scripts and workers load only from the page's own
 * origin, and text never becomes HTML or code. Zod runs without its JIT, which would build functions from text.
 */
import { z } from 'zod';

z.config({ jitless: true });

/** The part of Trusted Types that is used here: https://w3c.github.io/trusted-types/ */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(address: string): string }): unknown;
}

const { trustedTypes, location } = globalThis as {
  trustedTypes?: TrustedTypes;
  location?: Pick<URL, 'href' | 'origin' | 'protocol'>;
};
if (trustedTypes !== undefined && location !== undefined) {
  trustedTypes.createPolicy('default', {
    createScriptURL(address) {
      const url = new URL(address, location.href);
      if (url.origin === location.origin && url.protocol === location.protocol) return address;
      throw new TypeError(`${url.origin}: this page does not run scripts from other origins`);
    },
  });
}
