/** Starts servers in unit tests and closes them after each test. */
import { afterEach } from 'vitest';
import { startTestServer, type TestServer } from './server';

const running: TestServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

export async function start(...parameters: Parameters<typeof startTestServer>): Promise<TestServer> {
  const server = await startTestServer(...parameters);
  running.push(server);
  return server;
}
