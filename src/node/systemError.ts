/** Node's error codes for files and ports, in words. */
import { messageOf } from '../contract/errors';

/** Why a file cannot be read or written, without its path, which the message already has. */
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
      return `Port ${port} of ${host} is in use, perhaps by another Inlay. Stop that program, or set PORT to another port`;
    case 'EACCES':
      return `This user may not open port ${port}. Set PORT to 1024 or higher`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is not an address of this device. Set HOST to one that is, or to 0.0.0.0 for all, or leave it out`;
    default:
      return `The server can't listen on ${host}, port ${port}: ${error.message}`;
  }
}
