import type { AlarmState } from './alarm-state.ts';

/** The state of an alarm by its ARN or name. */
export type StateLookup = (alarm: string) => AlarmState;

type Node = (states: StateLookup) => boolean;

/** A composite alarm's rule, ready to be asked. */
export interface CompositeRule {
  /** ARNs or names of the alarms that it is composed of. */
  readonly alarms: readonly string[];
  isTrue(states: StateLookup): boolean;
}

/**
 * Reads a composite alarm's rule: `ALARM("…")`, `OK("…")`, `INSUFFICIENT_DATA("…")`, `TRUE`, `FALSE`, `AND`, `OR`, `NOT` and
 * parentheses.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
 *
 * @throws Error for everything else
 */
export function readCompositeRule(text: string): CompositeRule {
  const tokens = text.match(/"[^"]*"|[A-Z_]+|\S/g) ?? [];
  const alarms: string[] = [];
  let position = 0;
  const peek = () => tokens[position] ?? '';
  const refuse = (): never => {
    throw new Error(`Alarm rule "${text}": ${peek() || 'its end'} is not expected there`);
  };
  const take = (wanted: string) => {
    if (peek() !== wanted) refuse();
    position += 1;
  };

  const chain = (word: 'AND' | 'OR', inner: () => Node): Node => {
    const parts = [inner()];
    while (peek() === word) {
      position += 1;
      parts.push(inner());
    }
    return (states) => (word === 'OR' ? parts.some((part) => part(states)) : parts.every((part) => part(states)));
  };
  const either = (): Node => chain('OR', both);
  const both = (): Node => chain('AND', primary);

  function primary(): Node {
    const token = peek();
    position += 1;
    switch (token) {
      case '(': {
        const inner = either();
        take(')');
        return inner;
      }
      case 'NOT': {
        const inner = primary();
        return (states) => !inner(states);
      }
      case 'TRUE':
      case 'FALSE':
        return () => token === 'TRUE';
      case 'ALARM':
      case 'OK':
      case 'INSUFFICIENT_DATA':
        return stateIs(token);
      default:
        position -= 1;
        return refuse();
    }
  }

  function stateIs(state: AlarmState): Node {
    take('(');
    const alarm = peek().replaceAll('"', '');
    position += 1;
    take(')');
    alarms.push(alarm);
    return (states) => states(alarm) === state;
  }

  const root = either();
  if (position < tokens.length) refuse();
  return { alarms, isTrue: root };
}
