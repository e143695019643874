/**
 * Mounts the hosted API's proxy in Vite's servers: the development server and that of `npm start`. Vite's loader for
 * vite.config.ts needs the extension in every import from here on.
 */
import type { Plugin, ViteDevServer } from 'vite';
import { PROXY_PATH } from '../server/paths.ts';
import { createFalProxy, type FalProxyOptions } from './falProxy.ts';

/** @param options from falProxyFromEnv; without a key nothing is mounted */
export function falProxyPlugin(options: FalProxyOptions | undefined): Plugin {
  const mount = ({ middlewares }: Pick<ViteDevServer, 'middlewares'>) => {
    if (options !== undefined) middlewares.use(PROXY_PATH, createFalProxy(options));
  };
  return { name: 'inlay-fal-proxy', configureServer: mount, configurePreviewServer: mount };
}
