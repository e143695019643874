import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { falProxyFromEnv } from './src/node/page/falProxy.ts';
import { falProxyPlugin } from './src/node/page/falProxyPlugin.ts';
import { connectFromEnv, developmentHeaders, type HeaderFields, pageHeaders } from './src/sw/pageHeaders.ts';
import { offline } from './vite.offline.ts';
import { selectModel } from './vite.select.ts';
import { oneRuntime } from './vite.transformers.ts';

const connect = connectFromEnv(process.env);

const all = ['{src,test}/**/*.test.{ts,tsx}'];
/** Tests that need a software GPU with 16-bit floats; without one they skip, and say so. */
const webgpu = [
  'src/**/*.fp16.test.ts',
  'src/graph/placement.test.ts',
  'src/model/fp16.test.ts',
  'src/pipeline/webgpu.golden.test.ts',
];
/** Networks, schedulers and whole images against diffusers, and whole programs: all that takes seconds. */
const golden = [
  'src/**/*.golden.test.ts',
  'src/graph/*.test.ts',
  'src/host/warmUp.test.ts',
  'src/graph/onnxExport/*.test.ts',
  'src/model/{badInput,library,load,namedModels,openWithLoras,slowServers,tokenizers}.test.ts',
  'src/model/{embedding,lora,onnxExport,prepare}/*.test.ts',
  'src/model/checkpoint/singleFile.test.ts',
  'src/model/runtime/speedProbe.test.ts',
  'src/node/cli/*.test.ts',
  'src/model/weights/forms.test.ts',
  'src/node/memoryGuard.test.ts',
  'src/node/page/start.test.ts',
  'src/node/server/{failures,load,modelSettings}.test.ts',
  'src/node/server/painting/*.test.ts',
  'src/pipeline/{inpaint,tiling}.test.ts',
  'src/pipeline/schedulers/schedulers.test.ts',
  'test/dispatches.test.ts',
  'test/fuzz/*.test.ts',
];

export default defineConfig({
  plugins: [
    react(),
    selectModel(),
    oneRuntime(),
    offline(connect),
    falProxyPlugin(falProxyFromEnv(process.env)),
  ],
  base: './',
  // No start page for unknown paths: a missing model file must be a 404.
  appType: 'mpa',
  resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'] },
  // Served as is: if it were bundled in advance, a run would find it late and the worker's import would fail.
  optimizeDeps: {
    exclude: ['onnxruntime-web', '@huggingface/transformers'],
    // Workers load them on demand: if they were found late, the page would reload.
    include: [
      ...['geotiff', 'libheif-js/libheif-wasm/libheif-bundle.mjs'],
      ...[
        '@huggingface/transformers > @huggingface/jinja',
        '@huggingface/transformers > @huggingface/tokenizers',
      ],
    ],
  },
  server: { headers: developmentHeaders },
  preview: { headers: ownServerHeaders(pageHeaders(connect)) },
  worker: { format: 'es', plugins: () => [oneRuntime()] },
  // Compressing 60 MB of wasm to report its size takes longer than the whole build.
  build: { target: 'es2023', chunkSizeWarningLimit: 1200, reportCompressedSize: false },
  test: {
    environment: 'node',
    projects: [
      { extends: true, test: { name: 'fast', include: all, exclude: [...golden, ...webgpu] } },
      { extends: true, test: { name: 'golden', include: golden, exclude: webgpu } },
      { extends: true, test: { name: 'webgpu', include: webgpu } },
    ],
    // Generous for busy machines: no test waits for something that does not come.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
  },
});

/** Our own server may hold a key, so no other site may put its page into a frame. A `<meta>` cannot say so. */
function ownServerHeaders(headers: HeaderFields): Record<string, string> {
  return {
    ...headers,
    'Content-Security-Policy': `${headers['Content-Security-Policy']}; frame-ancestors 'self'`,
  };
}
