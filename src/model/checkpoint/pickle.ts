/**
 * Reads the pickles of PyTorch checkpoints: a stack machine that knows the opcodes of protocols 2 to 5 and the names of
 * pickleGlobals.ts. Nothing is imported, called or executed; a name outside the list is an error that names it. There is no
 * recursion, and values are shared, never copied: time and memory stay proportional to the pickle's bytes, whatever it nests
 * or repeats.
 * Source of the format: Python's Lib/pickletools.py
 */
import { CheckpointError, UnsupportedError } from '../../contract/errors';
import { PickleBytes } from './pickleBytes';
import { isForeignType, lookUpGlobal, type PickleGlobal } from './pickleGlobals';
import {
  isCount,
  isKind,
  type PickleDict,
  type PickleStorage,
  type PickleTensor,
  type PickleValue,
} from './pickleValues';

const MAX_VALUES = 4_000_000;

/**
 * @param path what errors call the file
 * @throws CheckpointError naming what is wrong, and any global that no checkpoint needs
 */
export function readPickle(bytes: Uint8Array, path: string): PickleValue {
  return new PickleMachine(new PickleBytes(bytes, path)).run();
}

class PickleMachine {
  #values = 0;
  #stack: PickleValue[] = [];
  /** The stacks below each open MARK. */
  readonly #below: PickleValue[][] = [];
  readonly #memo = new Map<number, PickleValue>();
  readonly #bytes: PickleBytes;
  readonly #parameterDicts = new Set<PickleDict>();

  constructor(bytes: PickleBytes) {
    this.#bytes = bytes;
  }

  run(): PickleValue {
    for (;;) {
      const opcode = this.#bytes.byte();
      if (opcode === 0x2e /* STOP */) return this.#pop();
      this.#step(opcode);
    }
  }

  #step(opcode: number): void {
    switch (opcode) {
      case 0x80: // PROTO
        if (this.#bytes.byte() > 5) throw this.#bytes.damaged('its pickle is of a protocol above 5');
        return;
      case 0x95: // FRAME
        this.#bytes.skip(8);
        return;
      case 0x28: // MARK
        this.#below.push(this.#stack);
        this.#stack = [];
        this.#count();
        return;
      case 0x30: // POP
        if (this.#stack.length === 0) this.#popMark();
        else this.#pop();
        return;
      case 0x31: // POP_MARK
        this.#popMark();
        return;
      case 0x32: // DUP
        this.#push(this.#top());
        return;
      case 0x71: // BINPUT
        this.#remember(this.#bytes.byte());
        return;
      case 0x72: // LONG_BINPUT
        this.#remember(this.#bytes.uint32());
        return;
      case 0x94: // MEMOIZE
        this.#remember(this.#memo.size);
        return;
      case 0x68: // BINGET
        this.#recall(this.#bytes.byte());
        return;
      case 0x6a: // LONG_BINGET
        this.#recall(this.#bytes.uint32());
        return;
      case 0x4e: // NONE
        this.#push(null);
        return;
      case 0x88: // NEWTRUE
        this.#push(true);
        return;
      case 0x89: // NEWFALSE
        this.#push(false);
        return;
      case 0x4b: // BININT1
        this.#push(this.#bytes.byte());
        return;
      case 0x4d: // BININT2
        this.#push(this.#bytes.byte() | (this.#bytes.byte() << 8));
        return;
      case 0x4a: // BININT
        this.#push(this.#bytes.uint32() | 0);
        return;
      case 0x8a: // LONG1
        this.#push(this.#bytes.long(this.#bytes.byte()));
        return;
      case 0x8b: // LONG4
        this.#push(this.#bytes.long(this.#bytes.uint32()));
        return;
      case 0x47: // BINFLOAT
        this.#push(this.#bytes.float64());
        return;
      case 0x8c: // SHORT_BINUNICODE
      case 0x55: // SHORT_BINSTRING
        this.#push(this.#bytes.string(this.#bytes.byte()));
        return;
      case 0x58: // BINUNICODE
      case 0x54: // BINSTRING
        this.#push(this.#bytes.string(this.#bytes.uint32()));
        return;
      case 0x8d: // BINUNICODE8
        this.#push(this.#bytes.string(this.#bytes.uint64()));
        return;
      case 0x43: // SHORT_BINBYTES
        this.#push(this.#bytes.slice(this.#bytes.byte()));
        return;
      case 0x42: // BINBYTES
        this.#push(this.#bytes.slice(this.#bytes.uint32()));
        return;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        this.#push(this.#bytes.slice(this.#bytes.uint64()));
        return;
      case 0x29: // EMPTY_TUPLE
        this.#push({ kind: 'tuple', items: [] });
        return;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.#push({ kind: 'tuple', items: this.#popMany(opcode - 0x84) });
        return;
      case 0x74: // TUPLE
        this.#push({ kind: 'tuple', items: this.#popMark() });
        return;
      case 0x5d: // EMPTY_LIST
      case 0x8f: // EMPTY_SET
        this.#push({ kind: 'list', items: [] });
        return;
      case 0x6c: // LIST
      case 0x91: // FROZENSET
        this.#push({ kind: 'list', items: this.#popMark() });
        return;
      case 0x61: // APPEND
        this.#append([this.#pop()]);
        return;
      case 0x65: // APPENDS
      case 0x90: // ADDITEMS
        this.#append(this.#popMark());
        return;
      case 0x7d: // EMPTY_DICT
        this.#push({ kind: 'dict', entries: new Map() });
        return;
      case 0x64: {
        // DICT
        const items = this.#popMark();
        this.#push({ kind: 'dict', entries: new Map() });
        this.#setItems(items);
        return;
      }
      case 0x73: // SETITEM
        this.#setItems(this.#popMany(2));
        return;
      case 0x75: // SETITEMS
        this.#setItems(this.#popMark());
        return;
      case 0x63: // GLOBAL
        this.#pushGlobal(this.#bytes.line(), this.#bytes.line());
        return;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        this.#pushGlobal(module, name);
        return;
      }
      case 0x51: // BINPERSID
        this.#push(this.#storage(this.#pop()));
        return;
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const [callable, args] = this.#popMany(2);
        this.#push(this.#build(callable, args));
        return;
      }
      case 0x92: {
        // NEWOBJ_EX
        const [callable, args] = this.#popMany(3);
        this.#push(this.#build(callable, args));
        return;
      }
      case 0x62: // BUILD: an object's attributes, which no tensor has
        this.#setAttributes(this.#pop());
        return;
      default:
        throw this.#bytes.damaged(
          `its pickle uses the opcode 0x${opcode.toString(16).padStart(2, '0')}, which no checkpoint needs`,
        );
    }
  }

  #pushGlobal(module: PickleValue | undefined, name: PickleValue | undefined): void {
    if (typeof module !== 'string' || typeof name !== 'string')
      throw this.#bytes.damaged('its pickle names no global');
    const global = lookUpGlobal(module, name);
    if (global === undefined && isForeignType(module, name)) {
      throw new UnsupportedError(
        `${this.#bytes.path}: it holds a tensor of type ${module}.${name}, which is not supported; use a file of this model ` +
          'in fp32, fp16, bf16 or plain fp8',
      );
    }
    if (global === undefined) {
      throw new CheckpointError(
        `${this.#bytes.path}: refused, because its pickle asks for the Python object "${module}.${name}", which no ` +
          'checkpoint needs: such a file can run commands on the machine of whoever loads it. Nothing was run; ' +
          'use a safetensors file of this model',
      );
    }
    this.#push(global);
  }

  /** The result of a call: only builders on the list give anything but an opaque value. */
  #build(callable: PickleValue | undefined, args: PickleValue | undefined): PickleValue {
    if (isKind(callable, 'opaque')) return callable;
    if (!isKind(callable, 'global'))
      throw this.#bytes.damaged('its pickle calls something that is not a function');
    const items = isKind(args, 'tuple') ? args.items : [];
    switch (callable.role) {
      case 'tensor':
      case 'tensorWithType':
        return this.#tensor(callable, items);
      case 'parameter':
        if (!isKind(items[0], 'tensor')) throw this.#bytes.damaged('a parameter holds no tensor');
        return items[0];
      case 'dict':
        return { kind: 'dict', entries: new Map() };
      case 'parameterDict': {
        const dict: PickleDict = { kind: 'dict', entries: new Map() };
        this.#parameterDicts.add(dict);
        return dict;
      }
      case 'inert':
        return { kind: 'opaque', of: callable.name };
      case 'storage':
      case 'untypedStorage':
      case 'type':
        throw this.#bytes.damaged(`its pickle calls ${callable.name}`);
      default:
        return callable satisfies never;
    }
  }

  #tensor(builder: PickleGlobal, args: readonly PickleValue[]): PickleTensor {
    const [storage, offset, shape, strides] = args;
    const named = builder.role === 'tensorWithType' ? args[6] : undefined;
    const sizes = integers(shape);
    const steps = integers(strides);
    if (
      !isKind(storage, 'storage') ||
      !isCount(offset) ||
      !sizes ||
      !steps ||
      sizes.length !== steps.length
    ) {
      throw this.#bytes.damaged(
        `${builder.name} is called with other than a storage, an offset, a shape and strides`,
      );
    }
    const dtype = isKind(named, 'global') && named.role === 'type' ? named.dtype : storage.dtype;
    if (dtype === undefined) throw this.#bytes.damaged('a tensor has no type');
    return { kind: 'tensor', storage, dtype, offset, shape: sizes, strides: steps };
  }

  /** torch's persistent ids: ('storage', type, key, location, count). */
  #storage(id: PickleValue): PickleStorage {
    const items = isKind(id, 'tuple') ? id.items : [];
    const [tag, type, key, , count] = items;
    if (tag !== 'storage' || typeof key !== 'string' || !isCount(count) || !isKind(type, 'global')) {
      throw this.#bytes.damaged('a storage is described in a way that PyTorch does not use');
    }
    if (type.role !== 'storage' && type.role !== 'untypedStorage') {
      throw this.#bytes.damaged(`a storage is of the type ${type.name}`);
    }
    return { kind: 'storage', key, count, dtype: type.role === 'storage' ? type.dtype : undefined };
  }

  /** Only a ParameterDict's parameters are of interest, which are among its attributes. */
  #setAttributes(attributes: PickleValue): void {
    const target = this.#top();
    if (!isKind(target, 'dict') || !this.#parameterDicts.has(target) || !isKind(attributes, 'dict')) return;
    const parameters = attributes.entries.get('_parameters');
    // Shared, not copied: a pickle may set the same ones any number of times.
    if (isKind(parameters, 'dict')) target.entries = parameters.entries;
  }

  #append(items: readonly PickleValue[]): void {
    const target = this.#top();
    if (isKind(target, 'list')) for (const item of items) target.items.push(item);
    else if (!isKind(target, 'opaque'))
      throw this.#bytes.damaged('its pickle appends to something that is not a list');
  }

  #setItems(items: readonly PickleValue[]): void {
    const target = this.#top();
    if (items.length % 2 !== 0) throw this.#bytes.damaged('a dictionary has a key without a value');
    if (isKind(target, 'opaque')) return;
    if (!isKind(target, 'dict'))
      throw this.#bytes.damaged('its pickle sets items of something that is not a dictionary');
    for (let i = 0; i < items.length; i += 2) {
      target.entries.set(items[i] as PickleValue, items[i + 1] as PickleValue);
    }
  }

  #count(): void {
    if (++this.#values > MAX_VALUES)
      throw this.#bytes.damaged(`its pickle holds more than ${MAX_VALUES} values`);
  }

  #push(value: PickleValue): void {
    this.#count();
    this.#stack.push(value);
  }

  #top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined) throw this.#bytes.damaged('its pickle takes from an empty stack');
    return value;
  }

  #pop(): PickleValue {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #popMany(count: number): PickleValue[] {
    if (this.#stack.length < count) throw this.#bytes.damaged('its pickle takes from an empty stack');
    return this.#stack.splice(this.#stack.length - count, count);
  }

  #popMark(): PickleValue[] {
    const items = this.#stack;
    const below = this.#below.pop();
    if (below === undefined) throw this.#bytes.damaged('its pickle ends a group that it never began');
    this.#stack = below;
    return items;
  }

  #remember(index: number): void {
    this.#count();
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#bytes.damaged('its pickle refers to a value that it never stored');
    this.#push(value);
  }
}

/** A shape or strides: a tuple of counts. */
function integers(value: PickleValue | undefined): number[] | undefined {
  if (!isKind(value, 'tuple') || value.items.length > 8) return undefined;
  return value.items.every(isCount) ? value.items : undefined;
}
