/**
 * Keeps foreign code out of a page or worker; every entry that checks data or starts workers imports this first.
 *
 * Where a browser has Trusted Types (the page's headers ask for them), addresses of scripts and workers are let through if
 * they lie on the page's own origin, and text never becomes HTML or code. Zod checks without its JIT, which would make
 * functions from text.
 */
import { z } from 'zod';

z.config({ jitless: true });

/** What of Trusted Types is used here: https://w3c.github.io/trusted-types/ */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(address: string): string }): unknown;
}

const { trustedTypes, location } = globalThis as { trustedTypes?: TrustedTypes; location?: Location };
if (trustedTypes !== undefined && location !== undefined) {
  trustedTypes.createPolicy('default', {
    createScriptURL(address) {
      const url = new URL(address, location.href);
      if (url.origin === location.origin && url.protocol === location.protocol) return address;
      throw new TypeError(`${url.origin}: scripts of other origins do not run in this page`);
    },
  });
}
