/**
 * The import table of docs/architecture.md. Each row: a folder and what it may import from src/ besides itself.
 * Anything that the row does not name is an error.
 */
/** What the entry points of a run import: the page's worker, and Node's programs. */
const runs = [
  'host/',
  'assist/',
  'contract/',
  'model/',
  'pipeline/',
  'image/',
  'storage/(weights|assistants)',
];
const table = {
  'contract/': [],
  'engine/': ['contract/'],
  'image/': [],
  'graph/onnx/': [],
  'graph/layers/': ['graph/onnx/'],
  'graph/networks/': ['graph/(onnx|layers)/'],
  'graph/footprint\\.': ['graph/onnx/'],
  'graph/onnxExport/': ['graph/(onnx|layers)/', 'graph/footprint\\.'],
  'assist/': ['contract/', 'image/', 'model/(runtime/session\\.|selectors/)'],
  'storage/': ['contract/'],
  'pipeline/': ['contract/', 'image/'],
  'model/': [
    'contract/',
    'graph/',
    'image/geometry\\.',
    'pipeline/(model\\.|conditioning/|schedulers/)',
    'storage/(weights|assistants)',
  ],
  'host/': ['contract/', 'model/', 'pipeline/', 'image/', 'storage/(weights|assistants)'],
  'worker/': [...runs, 'storage/database'],
  // The server talks to its painting process through the page's own client of a worker.
  'node/': [...runs, 'engine/local\\.', 'graph/onnxExport/samMasks'],
  'editor/': ['contract/', 'image/'],
  'state/': ['contract/', 'editor/store\\.', 'image/', 'storage/'],
  'ui/': ['state/', 'editor/'],
  'sw/': ['contract/'],
};
const forbidden = Object.entries(table).map(([folder, allowed]) => ({
  name: `imports of ${folder.replaceAll('\\', '')}`,
  severity: 'error',
  // Tests may reach across folders: they wire real parts together.
  from: { path: `^src/${folder}`, pathNot: '\\.test\\.tsx?$' },
  to: { path: '^src/', pathNot: [folder, ...allowed].map((path) => `^src/${path}`) },
}));
module.exports = {
  forbidden: [
    ...forbidden,
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'what families are made of knows no family',
      severity: 'error',
      from: {
        path: '^src/model/(checkpoint|configs|onnxExport|weights|runtime)/',
        pathNot: '\\.test\\.tsx?$',
      },
      to: { path: '^src/model/families/' },
    },
    {
      name: 'nothing that ships imports test helpers or Dawn',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.tsx?$' },
      to: { path: ['^(test|e2e)/', 'node_modules/webgpu/'] },
    },
    {
      name: 'only model/runtime/session and model/runtime/ort import onnxruntime-web',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/model/runtime/(session|ort)', '\\.test\\.tsx?$'] },
      to: { path: 'onnxruntime-web' },
    },
    {
      name: 'image and the kernels of the editor are free of DOM libraries and stores',
      severity: 'error',
      from: { path: '^src/(image|editor/kernels)/', pathNot: '\\.test\\.tsx?$' },
      to: { path: 'node_modules/(react|react-dom|zustand)/' },
    },
    {
      name: 'the page never imports Node',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/node/', '\\.test\\.tsx?$'] },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.tests.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['import', 'browser', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
};
