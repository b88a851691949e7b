import { type Expression, readExpression } from './expression.ts';
import type { Statistic } from './statistics.ts';
import type { MetricIdentity, MetricStore, Window } from './store.ts';

export interface Operand {
  readonly identity: MetricIdentity;
  readonly statistic: Statistic;
}

/** What an alarm compares or a graph draws: a metric's statistic, or an expression over several. */
export interface Formula {
  readonly operands: Readonly<Record<string, Operand>>;
  readonly expression: Expression;
  readonly periodSeconds: number;
}

export function formulaOf(operand: Operand, periodSeconds: number): Formula {
  return { operands: { m: operand }, expression: readExpression('m'), periodSeconds };
}

/** @throws Error when the expression names an id that `operands` lacks, or cannot be computed here */
export function formulaOver(text: string, operands: Readonly<Record<string, Operand>>, periodSeconds: number): Formula {
  const expression = readExpression(text);
  const used = expression.ids.map((id) => {
    const operand = operands[id];
    if (operand === undefined) throw new Error(`Metric math "${text}": there is no metric ${id}`);
    return [id, operand] as const;
  });
  return { operands: Object.fromEntries(used), expression, periodSeconds };
}

/** Undefined: no datapoint. */
export function compute({ operands, expression }: Formula, store: MetricStore, window: Window): number | undefined {
  const values = Object.entries(operands).map(
    ([id, { identity, statistic }]) => [id, store.statistic(identity, statistic, window)] as const,
  );
  return expression.compute(Object.fromEntries(values));
}
