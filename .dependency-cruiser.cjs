/**
 * The import table of docs/architecture.md. Each row: a folder (or files of one) and what it may import
 * from src/ beside itself. Anything that the row does not name is an error.
 */
const engineCore =
  '^src/engine/(schema|schedulers|recipe|engine|models|modelSettings|knownNetworks|errors|protocol|protocolChecks|limits|boundedRead|closedPage)\\.ts$';
const engineSchema = '^src/engine/(schema|schedulers|modelSettings|errors|limits|boundedRead)\\.ts$';
const table = {
  'engine/(schema|schedulers|recipe|engine|models|modelSettings|knownNetworks|errors|protocol|protocolChecks|limits|boundedRead)\\.':
    [engineCore],
  'engine/(local|hosted)': [engineCore, '^src/engine/(local|hosted)'],
  'graph/': ['^src/graph/'],
  'pipeline/': ['^src/pipeline/', engineSchema],
  'storage/': ['^src/storage/', engineSchema, '^src/engine/recipe\\.ts$'],
  'model/': [
    '^src/(model|graph)/',
    '^src/storage/weights',
    '^src/pipeline/(components|tokenizer|schedulers/)',
    engineSchema,
    '^src/engine/(engine|models)\\.ts$',
  ],
  'worker/': ['^src/(worker|pipeline|model)/', '^src/storage/weights', engineCore],
  // The server is a host like the worker, asked by the page's own client of a worker.
  'node/': [
    '^src/(node|pipeline|model)/',
    '^src/storage/weights',
    engineCore,
    '^src/engine/local\\.ts$',
    '^src/worker/(serve|openedModel)\\.ts$',
    '^src/editor/kernels/',
  ],
  'editor/kernels/': ['^src/editor/kernels/'],
  'editor/': ['^src/editor/', '^src/engine/(boundedRead|limits|errors)\\.ts$'],
  'state/': [
    '^src/state/',
    '^src/editor/(store\\.ts|kernels/)',
    '^src/storage/(gallery|draft)',
    '^src/engine/(engine|models|modelSettings|knownNetworks|schema|schedulers|recipe|errors|limits|boundedRead)\\.ts$',
  ],
  'sw/': ['^src/sw/', engineSchema, '^src/engine/engine\\.ts$', '^src/state/offline\\.ts$'],
  'ui/': ['^src/(ui|state|editor)/'],
};
const forbidden = Object.entries(table).map(([folder, allowed]) => ({
  name: `imports of ${folder.replaceAll('\\', '')}`,
  severity: 'error',
  // Tests may reach across folders: they wire real parts together.
  from: { path: `^src/${folder}`, pathNot: '\\.test(ing)?\\.tsx?$' },
  to: { path: '^src/', pathNot: allowed },
}));
module.exports = {
  forbidden: [
    ...forbidden,
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'nothing that ships imports test helpers or Dawn',
      severity: 'error',
      from: { pathNot: ['^src/testing/', '\\.test(ing)?\\.tsx?$'] },
      to: { path: ['^src/testing/', '\\.testing\\.tsx?$', 'node_modules/webgpu/'] },
    },
    {
      name: 'only model/runtime/session and model/runtime/ort import onnxruntime-web',
      severity: 'error',
      from: { pathNot: ['^src/model/runtime/(session|ort)', '^src/testing/', '\\.test(ing)?\\.tsx?$'] },
      to: { path: 'onnxruntime-web' },
    },
    {
      name: 'kernels are free of DOM libraries and stores',
      severity: 'error',
      from: { path: '^src/editor/kernels/', pathNot: '\\.test(ing)?\\.tsx?$' },
      to: { path: 'node_modules/(react|react-dom|zustand)/' },
    },
    {
      name: 'the page never imports Node',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(node|testing)/', '\\.test(ing)?\\.tsx?$'] },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['import', 'browser', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
};
