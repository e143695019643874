/** What Node says of files and ports, in words. */
import { messageOf } from '../engine/errors';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of its path is not a folder',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'that disk can only be read',
  ENOSPC: 'the disk is full',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'too many files are open',
};

/** Why a file could not be read or written, without its path, which whoever says it has named. */
export function fileReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (code === undefined) return messageOf(error);
  return (Object.hasOwn(reasons, code) && reasons[code]) || code;
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
