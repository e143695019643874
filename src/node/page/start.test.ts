import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const START = fileURLToPath(new URL('start.ts', import.meta.url));

function start(env: Record<string, string>) {
  return spawn(process.execPath, ['--import', 'tsx', START], { env: { ...process.env, ...env } });
}

it('names a taken port before anything is built', { timeout: 60_000 }, async () => {
  const other = createServer().listen(0, 'localhost');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  try {
    const program = start({ PORT: String(port) });
    let said = '';
    let built = '';
    program.stderr.on('data', (text) => (said += text));
    program.stdout.on('data', (text) => (built += text));
    const [code] = await once(program, 'close');
    expect(code).toBe(1);
    expect(said).toContain(
      `Port ${port} of localhost is in use, perhaps by another Inlay. Stop that program, or set PORT`,
    );
    expect(built).toBe('');
  } finally {
    other.close();
  }
});

it('says at once that it builds', { timeout: 60_000 }, async () => {
  const program = start({ PORT: '0' });
  try {
    const [first] = await once(program.stdout, 'data');
    expect(String(first)).toContain('Building the page');
  } finally {
    program.kill();
  }
});
