/**
 * Mounts the proxy of the hosted API in Vite's servers: the one of development and that of `npm start`. Vite's own loader of
 * vite.config.ts wants the extension in every import from here on.
 */
import type { Plugin, ViteDevServer } from 'vite';
import { PROXY_PATH } from '../server/paths.ts';
import { createFalProxy, type FalProxyOptions } from './falProxy.ts';

/** @param options as falProxyFromEnv gives them; without a key nothing is mounted */
export function falProxyPlugin(options: FalProxyOptions | undefined): Plugin {
  const mount = ({ middlewares }: Pick<ViteDevServer, 'middlewares'>) => {
    if (options !== undefined) middlewares.use(PROXY_PATH, createFalProxy(options));
  };
  return { name: 'inlay-fal-proxy', configureServer: mount, configurePreviewServer: mount };
}
