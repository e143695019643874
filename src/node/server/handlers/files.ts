/** Files: uploads in two steps, and results and uploads by their URLs. */
import { parseJson, readBody, send, sendJson } from '../http/http';
import { Problem } from '../http/problem';
import type { RouteCall } from '../router';

/** For bodies that hold a name and a type. */
const MAX_SMALL_BODY_BYTES = 10_000;

export async function startUpload({ request, response, base, services }: RouteCall): Promise<void> {
  const body = parseJson(await readBody(request, { maxBytes: MAX_SMALL_BODY_BYTES }));
  sendJson(response, 200, services.uploads.start(body, base));
}

/** The clients send large files in parts; this server takes none so large. */
export function startMultipartUpload({ services }: RouteCall): void {
  const megabytes = Math.floor(services.options.maxPictureBytes / 1e6);
  throw new Problem(413, `Files may have at most ${megabytes} MB`, { type: 'request_too_large' });
}

export async function receiveUpload({ request, response, params, services }: RouteCall): Promise<void> {
  await services.uploads.receive(params.token ?? '', request);
  sendJson(response, 200, {});
}

export async function uploadToken({ request, response, base, services }: RouteCall): Promise<void> {
  // Its contents do not matter, but an unread body blocks the connection.
  await readBody(request, { maxBytes: MAX_SMALL_BODY_BYTES });
  sendJson(response, 200, services.uploads.token(base));
}

export async function uploadWithToken({ request, response, base, services }: RouteCall): Promise<void> {
  sendJson(response, 200, await services.uploads.receiveWithToken(request, base));
}

export async function file({ response, params, services }: RouteCall): Promise<void> {
  const found = await services.options.files.get(params.file_id ?? '');
  if (found === undefined) {
    throw new Problem(404, 'No such file, or it has expired', { type: 'not_found' });
  }
  // A stranger may have sent it: browsers show it as an image or not at all.
  response.setHeader('Content-Security-Policy', "default-src 'none'; sandbox");
  response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
  send(response, 200, found.contentType, found.bytes);
}
