/** A value by id; undefined where the period has no datapoint. */
export type Values = Readonly<Record<string, number | undefined>>;

/** A metric math expression, ready to be computed period by period. */
export interface Expression {
  /** Every id it names. */
  readonly ids: readonly string[];
  /** Undefined: the period has no datapoint. */
  compute(values: Values): number | undefined;
}

type Node = (values: Values) => number | undefined;

/**
 * Reads the part of CloudWatch metric math that the stack uses (lib/contracts/alarms/definition.ts): numbers, ids,
 * `+ - * /`, comparisons (1 or 0), `AND`, `OR`, parentheses, `IF(condition, then, else)` and `FILL(id, number)`. What has
 * no datapoint makes the result have none, but for FILL; so does a division by zero.
 *
 * @throws Error for everything else, so that no alarm is evaluated wrongly in silence
 */
export function readExpression(text: string): Expression {
  const reader = new Reader(text);
  const root = reader.expression(0);
  reader.end();
  return { ids: [...reader.ids], compute: root };
}

type Operator = (a: number, b: number) => number | undefined;

/** Binary operators, those that bind weakest first. */
const levels: readonly Readonly<Record<string, Operator>>[] = [
  { OR: (a, b) => Number(a !== 0 || b !== 0) },
  { AND: (a, b) => Number(a !== 0 && b !== 0) },
  {
    '<': (a, b) => Number(a < b),
    '<=': (a, b) => Number(a <= b),
    '>': (a, b) => Number(a > b),
    '>=': (a, b) => Number(a >= b),
    '==': (a, b) => Number(a === b),
  },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b, '/': (a, b) => (b === 0 ? undefined : a / b) },
];

class Reader {
  readonly ids = new Set<string>();
  readonly #text: string;
  readonly #tokens: readonly string[];
  #position = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = text.match(/[A-Za-z_]\w*|\d+(?:\.\d+)?|[<>=]=|\S/g) ?? [];
  }

  expression(level: number): Node {
    const operators = levels[level];
    if (operators === undefined) return this.#primary();
    let left = this.expression(level + 1);
    for (;;) {
      const operator = operators[this.#peek()];
      if (operator === undefined) return left;
      this.#position += 1;
      left = combined(operator, left, this.expression(level + 1));
    }
  }

  end(): void {
    if (this.#position < this.#tokens.length) throw this.#refusal(`${this.#peek()} is left over`);
  }

  #primary(): Node {
    const token = this.#peek();
    this.#position += 1;
    if (token === '(') {
      const inner = this.expression(0);
      this.#take(')');
      return inner;
    }
    if (/^\d/.test(token)) return constant(Number(token));
    if (token === 'IF' || token === 'FILL') return this.#call(token);
    if (!/^[a-z]\w*$/.test(token)) throw this.#refusal(`${token || 'its end'} is not supported in a local run`);
    this.ids.add(token);
    return (values) => values[token];
  }

  #call(name: 'IF' | 'FILL'): Node {
    this.#take('(');
    const first = this.expression(0);
    this.#take(',');
    const second = this.expression(0);
    if (name === 'FILL') {
      this.#take(')');
      return (values) => first(values) ?? second(values);
    }
    this.#take(',');
    const third = this.expression(0);
    this.#take(')');
    return (values) => {
      const condition = first(values);
      if (condition === undefined) return undefined;
      return condition === 0 ? third(values) : second(values);
    };
  }

  #peek(): string {
    return this.#tokens[this.#position] ?? '';
  }

  #take(wanted: string): void {
    if (this.#peek() !== wanted) throw this.#refusal(`${wanted} expected, ${this.#peek() || 'its end'} found`);
    this.#position += 1;
  }

  #refusal(why: string): Error {
    return new Error(`Metric math "${this.#text}": ${why}`);
  }
}

const constant =
  (value: number): Node =>
  () =>
    value;

function combined(operator: Operator, left: Node, right: Node): Node {
  return (values) => {
    const [a, b] = [left(values), right(values)];
    return a === undefined || b === undefined ? undefined : operator(a, b);
  };
}
