/** Whether the page reloads itself for threads. */
export interface ThreadsSituation {
  /** Whether the page may have threads already. */
  isolated: boolean;
  provider: 'webgpu' | 'wasm';
  cores: number;
  /** Whether the user has done anything yet that a reload would undo. */
  touched: boolean;
  /** Whether a reload has been tried without success. */
  tried: boolean;
}

/**
 * What to do about threads once the service worker controls this page: on hosts that cannot set headers, a page is
 * isolated from its second load on. WebGPU has no use for threads.
 */
export function threadsStep({
  isolated,
  provider,
  cores,
  touched,
  tried,
}: ThreadsSituation): 'nothing' | 'reload' | 'offer' {
  if (isolated || provider === 'webgpu' || cores < 2 || tried) return 'nothing';
  return touched ? 'offer' : 'reload';
}
