/** URLs whose response stalls, trickles or never ends. Any page may read them. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const answers: Record<string, (response: ServerResponse) => void> = {
  silent() {},
  dripping(response) {
    response.write('R');
    const drip = setInterval(() => response.write('R'), 1000);
    response.on('close', () => clearInterval(drip));
  },
  endless(response) {
    const block = Buffer.alloc(1 << 20, 'R');
    const more = () => {
      while (!response.destroyed && response.write(block));
    };
    response.on('drain', more);
    more();
  },
};

export type Misbehaviour = 'silent' | 'dripping' | 'endless';

export interface Addresses {
  /** @param name the file name in the URL */
  of(how: Misbehaviour, name: string): string;
  /** Responses that have not ended. */
  readonly open: number;
  close(): Promise<void>;
}

export async function startAddresses(): Promise<Addresses> {
  let open = 0;
  const server = createServer((request, response) => {
    open++;
    response.on('close', () => open--);
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    answers[(request.url ?? '').split('/')[1] ?? '']?.(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    of: (how, name) => `http://127.0.0.1:${port}/${how}/${name}`,
    get open() {
      return open;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
