/** A value per id, or nothing where the period has no datapoint. */
export type Values = Readonly<Record<string, number | undefined>>;

/**
 * Computes the part of CloudWatch metric math that the alarms use (lib/contracts/alarms/definition.ts) for one period.
 * Throws on everything else, so that no alarm grows out of it unnoticed.
 */
export function evaluate(expression: string, values: Values): number | undefined {
  const tokens = expression.match(/[A-Za-z_]\w*|\d+(?:\.\d+)?|[<>=]=|[-+*/<>(),]|\S/g) ?? [];
  let position = 0;
  const peek = () => tokens[position];
  const next = () => tokens[position++];
  const expect = (wanted: string) => {
    const found = next();
    if (found !== wanted) throw new Error(`"${expression}": ${wanted} expected, not ${found}`);
  };

  const levels: readonly Readonly<Record<string, (a: number, b: number) => number>>[] = [
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
    { '*': (a, b) => a * b, '/': (a, b) => a / b },
  ];

  const binary = (level: number): number | undefined => {
    const operators = levels[level];
    if (operators === undefined) return primary();
    let left = binary(level + 1);
    for (;;) {
      const operator = operators[peek() ?? ''];
      if (operator === undefined) return left;
      next();
      const right = binary(level + 1);
      left = left === undefined || right === undefined ? undefined : operator(left, right);
    }
  };

  const call = (name: string): number | undefined => {
    expect('(');
    const given = [binary(0)];
    while (peek() === ',') {
      next();
      given.push(binary(0));
    }
    expect(')');
    const [first, second, third] = given;
    if (name === 'FILL' && given.length === 2) return first ?? second;
    if (name === 'IF' && given.length === 3) return first === undefined ? undefined : first !== 0 ? second : third;
    throw new Error(`"${expression}": ${name} with ${given.length} arguments`);
  };

  const primary = (): number | undefined => {
    const token = next() ?? '';
    if (token === '(') {
      const inner = binary(0);
      expect(')');
      return inner;
    }
    if (/^\d/.test(token)) return Number(token);
    if (/^[A-Z]+$/.test(token)) return call(token);
    if (!Object.hasOwn(values, token)) throw new Error(`"${expression}": ${token} is no id`);
    return values[token];
  };

  const result = binary(0);
  if (position < tokens.length) throw new Error(`"${expression}": ${peek()} is left over`);
  return result;
}
