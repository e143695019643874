/**
 * Everything that a hub may do wrong while it serves a repository in the diffusers layout, such as golden/sd15. Tested under
 * Node and in a browser. The first two requests for the UNet read its header.
 */
import type { FaultInput } from './faults';

const UNET = 'unet/diffusion_pytorch_model.safetensors';
const unet = { path: UNET } as const;
/** After these the model is finished all the same. */
export const mended: readonly (readonly [what: string, faults: FaultInput[]])[] = [
  ['cuts the connection', [{ kind: 'cut', atByte: 500_001, origin: 'content', after: 2, times: 1, ...unet }]],
  [
    'cuts it again and again',
    [100_003, 400_001, 777_777].map((atByte) => ({
      kind: 'cut',
      atByte,
      after: 2,
      times: 1,
      origin: 'content',
      ...unet,
    })),
  ],
  ['stalls', [{ kind: 'stall', atByte: 300_000, origin: 'content', after: 2, times: 1, ...unet }]],
  ['answers 429', [{ kind: 'status', status: 429, retryAfter: '2', times: 2 }]],
  ['answers 503', [{ kind: 'status', status: 503, times: 3, ...unet }]],
  [
    'serves wrong bytes once',
    [{ kind: 'corrupt', atByte: 600_000, origin: 'content', after: 2, times: 1, ...unet }],
  ],
  ['hands out expired addresses', [{ kind: 'expired', times: 2, ...unet }]],
  [
    'ignores ranges',
    [
      { kind: 'ignore-range', origin: 'content' },
      { kind: 'cut', atByte: 500_001, origin: 'content', after: 2, times: 1, ...unet },
    ],
  ],
  [
    'serves a wrong configuration once',
    [{ kind: 'corrupt', atByte: 10, times: 1, path: 'unet/config.json' }],
  ],
];

/** These end in an error of that name and message, in nothing half-used, and in the model once the hub behaves. */
export const refused: readonly (readonly [
  what: string,
  faults: FaultInput[],
  name: string,
  message: RegExp,
])[] = [
  [
    'cuts every connection',
    [{ kind: 'cut', atByte: 500_001, origin: 'content', ...unet }],
    'NetworkError',
    /unet.*7 times in a row; what has arrived is kept/,
  ],
  [
    'stalls for good',
    [{ kind: 'stall', atByte: 300_000, origin: 'content', ...unet }],
    'NetworkError',
    /no byte came for 1 s, 7 times/,
  ],
  [
    'answers 503 for good',
    [{ kind: 'status', status: 503, ...unet }],
    'NetworkError',
    /answered 503, 7 times/,
  ],
  [
    'always serves wrong weights',
    [{ kind: 'corrupt', atByte: 600_000, origin: 'content', ...unet }],
    'CheckpointError',
    /unet.*digest differs\), twice in a row; nothing of them is used/,
  ],
  [
    'always serves a wrong configuration',
    [{ kind: 'corrupt', atByte: 10, path: 'unet/config.json' }],
    'CheckpointError',
    /unet\/config.json.*digest differs/,
  ],
  [
    'changes a file between two requests',
    [{ kind: 'change', origin: 'content', after: 2, ...unet }],
    'CheckpointError',
    /unet.*another version: it was changed meanwhile/,
  ],
  [
    'changes a file while it is resumed',
    [
      { kind: 'cut', atByte: 500_001, origin: 'content', after: 2, times: 1, ...unet },
      { kind: 'change', origin: 'content', after: 3, ...unet },
    ],
    'CheckpointError',
    /unet.*another version/,
  ],
  [
    'serves a header of its own',
    [{ kind: 'corrupt', atByte: 9, origin: 'content', times: 2, ...unet }],
    'CheckpointError',
    /unet.*header is not a JSON object/,
  ],
  [
    'removes a file',
    [{ kind: 'status', status: 404, errorCode: 'EntryNotFound', origin: 'hub', ...unet }],
    'CheckpointError',
    /unet.*no longer there/,
  ],
  [
    'gates a file',
    [{ kind: 'status', status: 403, errorCode: 'GatedRepo', origin: 'hub', ...unet }],
    'InputError',
    /unet.*gated; accept its terms/,
  ],
];
