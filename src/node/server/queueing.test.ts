/** The queue as clients see it. */
import { describe, expect, it } from 'vitest';
import { patientEngine, post, required } from '../../../test/support/server';
import { start } from '../../../test/support/startServer';

describe('the queue', () => {
  it('tells position, progress and result, in the order of arrival', async () => {
    const { engine, hasStarted, release } = patientEngine();
    const { url } = await start({ engine });
    const submit = async () => (await post(`${url}/queue/fal-ai/inpaint`, required)).json();
    const first = await submit();
    const second = await submit();
    const third = await submit();
    await hasStarted;
    expect(first).toEqual({
      status: 'IN_PROGRESS',
      request_id: first.request_id,
      response_url: `${url}/fal-ai/inpaint/requests/${first.request_id}`,
      status_url: `${url}/fal-ai/inpaint/requests/${first.request_id}/status`,
      cancel_url: `${url}/fal-ai/inpaint/requests/${first.request_id}/cancel`,
      logs: null,
    });
    expect([second.status, second.queue_position, third.queue_position]).toEqual(['IN_QUEUE', 0, 1]);
    const early = await fetch(first.response_url);
    expect([early.status, (await early.json()).detail]).toEqual([400, 'Request is still in progress']);

    const cancelled = await fetch(second.cancel_url, { method: 'PUT' });
    expect([cancelled.status, await cancelled.json()]).toEqual([202, { status: 'CANCELLATION_REQUESTED' }]);
    const moved = await fetch(third.status_url);
    expect([moved.status, await moved.json()]).toEqual([202, expect.objectContaining({ queue_position: 0 })]);

    release();
    await expect.poll(async () => (await fetch(first.status_url)).status).toBe(200);
    expect((await fetch(first.response_url)).status).toBe(200);
    expect((await fetch(second.response_url)).status).toBe(499);
    const late = await fetch(first.cancel_url, { method: 'PUT' });
    expect([late.status, await late.json()]).toEqual([400, { status: 'ALREADY_COMPLETED' }]);
  });

  it('streams each change with the log’s new lines', async () => {
    const { url } = await start();
    const { status_url } = await (await post(`${url}/queue/fal-ai/inpaint`, required)).json();
    const response = await fetch(`${status_url}/stream?logs=1`);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const events = (await response.text())
      .split('\n\n')
      .filter((block) => block.startsWith('data: '))
      .map((block) => JSON.parse(block.slice('data: '.length)));
    expect(events.at(-1)).toMatchObject({
      status: 'COMPLETED',
      metrics: { inference_time: expect.any(Number) },
    });
    const logs = events.flatMap((event) => event.logs ?? []);
    expect(logs.map(({ message }) => message)).toEqual([
      'Encoding image and prompt',
      '  0%| 0/2',
      ' 50%| 1/2',
      '100%| 2/2',
      'Decoding the image',
    ]);
    expect(logs[0]).toEqual({
      message: expect.any(String),
      level: 'INFO',
      source: 'USER',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it('gives up what has not begun in time, with the user’s kind of 504', async () => {
    const { engine, hasStarted } = patientEngine();
    const { url } = await start({ engine });
    void post(`${url}/queue/fal-ai/inpaint`, required);
    await hasStarted;
    const response = await post(`${url}/fal-ai/inpaint`, required, { 'X-Fal-Request-Timeout': '0.05' });
    expect(response.status).toBe(504);
    expect(response.headers.get('x-fal-request-timeout-type')).toBe('user');
    expect(await response.json()).toEqual({ detail: 'Request timed out', error_type: 'request_timeout' });
  });

  it('takes no more than fit, and says when to come again', async () => {
    const { engine, hasStarted, release } = patientEngine();
    const { url } = await start({ engine }, { queueLimit: 1, clientLimit: 2 });
    const first = post(`${url}/fal-ai/inpaint`, required);
    await hasStarted;
    const second = await (await post(`${url}/queue/fal-ai/inpaint`, required)).json();
    const third = await post(`${url}/fal-ai/inpaint`, required);
    expect(third.status).toBe(429);
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
    await fetch(second.cancel_url, { method: 'PUT' });
    release();
    expect((await first).status).toBe(200);
  });

  it('knows a queue’s request by host, path or the clients’ header', async () => {
    const { url } = await start();
    const byHeader = await post(`${url}/fal-ai/inpaint`, required, { 'x-fal-queue-priority': 'normal' });
    expect(await byHeader.json()).toMatchObject({ request_id: expect.any(String) });
    const byProxy = await post(`${url}/api/fal`, required, {
      'x-fal-target-url': 'https://queue.fal.run/fal-ai/inpaint',
    });
    expect(await byProxy.json()).toMatchObject({ request_id: expect.any(String) });
    const direct = await post(`${url}/api/fal`, required, {
      'x-fal-target-url': 'https://fal.run/fal-ai/inpaint',
    });
    expect(await direct.json()).toMatchObject({ seed: 42 });
  });

  it.each(['status', 'status/stream', 'cancel', ''])(
    'answers 404 for an unknown request’s %s',
    async (what) => {
      const { url } = await start();
      const method = what === 'cancel' ? 'PUT' : 'GET';
      const response = await fetch(`${url}/fal-ai/inpaint/requests/none/${what}`, { method });
      expect(response.status).toBe(404);
    },
  );
});
