/** The API's endpoints, one row each: matching, dispatch and the OpenAPI document follow from this table. */
import { health, home, metrics } from './handlers/about';
import {
  file,
  receiveUpload,
  startMultipartUpload,
  startUpload,
  uploadToken,
  uploadWithToken,
} from './handlers/files';
import { cancel, result, run, status, stream, submit } from './handlers/runs';
import { sendJson } from './http/http';
import { openApiDocument } from './openApi/document';
import {
  answer,
  body,
  imageBody,
  logsParameter,
  multipartRefusal,
  runRefusals,
  textAnswer,
  unknownRequest,
  uploadRefusals,
} from './openApi/parts';
import { ENDPOINT, REQUEST, START_UPLOAD } from './paths';
import type { Route } from './router';

export const routes: readonly Route[] = [
  {
    name: 'home',
    method: 'GET',
    path: '/',
    open: true,
    doc: {
      summary: 'Says where the endpoint and this document are.',
      responses: { 200: answer('The URLs', 'Home') },
    },
    handle: home,
  },
  {
    name: 'health',
    method: 'GET',
    path: '/health',
    open: true,
    doc: {
      summary: 'Says that the server answers, whether it runs something and how many requests wait.',
      responses: { 200: answer('The server is up', 'Health') },
    },
    handle: health,
  },
  {
    name: 'metrics',
    method: 'GET',
    path: '/metrics',
    open: true,
    doc: {
      summary: 'Counts requests, runs, bytes and memory for Prometheus.',
      responses: { 200: textAnswer('Metrics in the text format 0.0.4', 'text/plain') },
    },
    handle: metrics,
  },
  {
    name: 'openApi',
    method: 'GET',
    path: '/openapi.json',
    open: true,
    doc: {
      summary: 'This document.',
      responses: {
        200: {
          description: 'OpenAPI 3.1',
          content: { 'application/json': { schema: { type: 'object' } } },
        },
      },
    },
    handle: ({ response, base, services }) =>
      sendJson(response, 200, openApiDocument(routes, base, services.options.key !== undefined)),
  },
  {
    name: 'run',
    method: 'POST',
    path: ENDPOINT,
    doc: {
      summary: 'Repaints the masked area of an image and answers when it is done.',
      requestBody: body('InpaintInput'),
      responses: { 200: answer('The result', 'InpaintOutput'), ...runRefusals },
    },
    handle: run,
  },
  {
    name: 'submit',
    method: 'POST',
    path: ENDPOINT,
    isQueued: true,
    doc: {
      summary: 'Puts a request into the queue and answers at once.',
      requestBody: body('InpaintInput'),
      responses: { 200: answer('Queued', 'QueueStatus'), ...runRefusals },
    },
    handle: submit,
  },
  {
    name: 'status',
    method: 'GET',
    path: `${REQUEST}/status`,
    doc: {
      summary: 'Says how far a queued request is.',
      parameters: [logsParameter],
      responses: {
        200: answer('It is completed', 'QueueStatus'),
        202: answer('It waits or runs', 'QueueStatus'),
        ...unknownRequest,
      },
    },
    handle: status,
  },
  {
    name: 'stream',
    method: 'GET',
    path: `${REQUEST}/status/stream`,
    doc: {
      summary: 'Sends an event for each change of the status.',
      parameters: [logsParameter],
      responses: {
        200: textAnswer('Server-sent events, each with a status', 'text/event-stream'),
        ...unknownRequest,
      },
    },
    handle: stream,
  },
  {
    name: 'result',
    method: 'GET',
    path: REQUEST,
    doc: {
      summary: 'Gives the result of a completed request.',
      responses: { 200: answer('The result', 'InpaintOutput'), ...runRefusals, ...unknownRequest },
    },
    handle: result,
  },
  {
    name: 'cancel',
    method: 'PUT',
    path: `${REQUEST}/cancel`,
    doc: {
      summary: 'Cancels a request that waits or runs.',
      responses: {
        202: answer('It will be cancelled', 'Cancellation'),
        400: answer('It is completed already', 'Cancellation'),
        404: answer('There is no such request', 'Cancellation'),
      },
    },
    handle: cancel,
  },
  {
    name: 'startUpload',
    method: 'POST',
    path: START_UPLOAD,
    doc: {
      summary: 'Gives a URL to PUT an image to, and the URL that it will have.',
      requestBody: body('Upload'),
      responses: { 200: answer('Both URLs', 'UploadAddresses'), ...uploadRefusals },
    },
    handle: startUpload,
  },
  {
    name: 'startMultipartUpload',
    method: 'POST',
    path: `${START_UPLOAD}-multipart`,
    doc: {
      summary: 'Refuses files that the clients would send in parts: they are too large for this server.',
      responses: multipartRefusal,
    },
    handle: startMultipartUpload,
  },
  {
    name: 'receiveUpload',
    method: 'PUT',
    path: '/uploads/{token}',
    open: true,
    doc: {
      summary: 'Takes an image at a URL that startUpload gave.',
      requestBody: imageBody,
      responses: {
        200: answer('The image has arrived', 'Received'),
        ...uploadRefusals,
        404: answer('There is no such upload, or it has expired', 'Problem'),
        409: answer('The image has arrived before', 'Problem'),
      },
    },
    handle: receiveUpload,
  },
  {
    name: 'uploadToken',
    method: 'POST',
    path: '/storage/auth/token',
    doc: {
      summary: 'Gives a token to POST images with.',
      responses: { 200: answer('The token', 'UploadToken') },
    },
    handle: uploadToken,
  },
  {
    name: 'uploadWithToken',
    method: 'POST',
    path: '/files/upload',
    // It checks the token, which the client sends in place of the key.
    open: true,
    doc: {
      summary: 'Takes an image; Authorization is "Bearer " and a token of /storage/auth/token.',
      requestBody: imageBody,
      responses: {
        200: answer('The URL of the image', 'UploadedFile'),
        ...uploadRefusals,
        401: answer('The token is missing or has expired', 'Problem'),
      },
    },
    handle: uploadWithToken,
  },
  {
    name: 'file',
    method: 'GET',
    path: '/files/{file_id}/{file_name}',
    open: true,
    embeddable: true,
    doc: {
      summary: 'Gives a result or an uploaded image.',
      responses: {
        200: { description: 'The image', content: { 'image/*': { schema: {} } } },
        404: answer('There is no such file, or it has expired', 'Problem'),
      },
    },
    handle: file,
  },
];
