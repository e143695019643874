/** What Node says of files and ports, in words. */
import { messageOf } from '../contract/errors';

/** Why a file cannot be read or written, without its path, which stands beside it. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'its permissions do not allow it',
    EPERM: 'its permissions do not allow it',
    EISDIR: 'it is a folder',
    ENOTDIR: 'a part of its path is no folder',
    ENOSPC: 'the disk is full',
    EROFS: 'the disk is read-only',
    ENAMETOOLONG: 'its name is too long',
  };
  return Object.hasOwn(known, code) ? (known[code] ?? '') : messageOf(error);
}

/** Why it cannot listen, with what to do. */
export function listenReason(error: Error & { code?: string }, port: number, host: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${host} is taken, perhaps by another Inlay: end that program, or choose another port with PORT=…`;
    case 'EACCES':
      return `Port ${port} may not be opened by this user: choose one from 1024 on with PORT=…`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine: set HOST to one, to 0.0.0.0 for all, or leave it out`;
    default:
      return `The server cannot listen at ${host}, port ${port}: ${error.message}`;
  }
}
