/** Metrics of the server in Prometheus' text format (0.0.4). */

interface Series {
  help: string;
  type: 'counter' | 'gauge';
  /** By label set, as text: `{route="run",status="200"}`. */
  values(): Iterable<[labels: string, value: number]>;
}

export interface Counter {
  add(labels: Readonly<Record<string, string>>, amount?: number): void;
}

export class Metrics {
  readonly #series = new Map<string, Series>();

  counter(name: string, help: string): Counter {
    const counts = new Map<string, number>();
    this.#series.set(name, { help, type: 'counter', values: () => counts });
    return {
      add(labels, amount = 1) {
        const key = format(labels);
        counts.set(key, (counts.get(key) ?? 0) + amount);
      },
    };
  }

  /** @param read called whenever the metrics are read */
  gauge(name: string, help: string, read: () => number): void {
    this.#series.set(name, { help, type: 'gauge', values: () => [['', read()]] });
  }

  toString(): string {
    let text = '';
    for (const [name, { help, type, values }] of this.#series) {
      text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
      for (const [labels, value] of values()) text += `${name}${labels} ${value}\n`;
    }
    return text;
  }
}

function format(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, '_')}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
