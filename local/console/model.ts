import type { AlarmState } from '../metrics/alarm-state.ts';
import type { GraphData } from '../metrics/graph.ts';

/** What the console page is sent. Times are milliseconds since the epoch. */
export interface ConsoleState {
  readonly stage: string;
  /** Alarms and graphs run so many times as fast as in CloudWatch. */
  readonly timeScale: number;
  /** In an order that does not change, the paging one first. */
  readonly alarms: readonly AlarmView[];
  /** The newest first. */
  readonly transitions: readonly TransitionView[];
  readonly relays: readonly RelayView[];
  /** Why the intake is paused; absent: it is not. */
  readonly pause?: string;
  readonly intake: QueueView;
  readonly deadLetters: QueueView;
  readonly mailbox: MailboxView;
}

export interface AlarmView {
  /** The template's name without the stage: its identity on the page. */
  readonly id: string;
  readonly severity: string;
  readonly state: AlarmState;
  readonly since: number;
  readonly reason: string;
  readonly meaning: string;
  /** What on-call does first. */
  readonly first: string;
  /** Anchor of the runbook's entry. */
  readonly runbook: string;
}

export interface TransitionView {
  readonly at: number;
  readonly id: string;
  readonly to: AlarmState;
  readonly reason: string;
}

export interface RelayView {
  readonly name: string;
  readonly level: 'good' | 'watch' | 'bad';
  readonly standing: string;
  readonly breaker: string;
  readonly probe: string;
  readonly override: string;
  /** An embedded relay, which can be told to fail; absent: a real one. */
  readonly simulated?: { readonly incident: string };
}

export interface QueueView {
  /** Messages in it, received ones included. */
  readonly total: number;
  /** The newest first; none when there are too many for people to read. */
  readonly entries: readonly QueueEntry[];
}

export interface QueueEntry {
  /** To ask for its story: the idempotency key, or the SQS message id where it has none. */
  readonly key: string;
  readonly title: string;
  readonly recipients: readonly string[];
  /** Since when it lies there. */
  readonly since: number;
  /** Of the intake: on its way or in backoff until then; absent: ready to be received. */
  readonly visibleAt?: number;
  readonly receives: number;
  /** Of a dead letter. */
  readonly reason?: string;
  /** Of a dead letter: sentences. */
  readonly why: readonly string[];
  /** Of a dead letter: what `npm run dlq -- show` takes. */
  readonly deadLetterId?: string;
}

export interface MailboxView {
  readonly total: number;
  /** The newest first. */
  readonly mails: readonly MailEntry[];
}

export interface MailEntry {
  readonly id: string;
  readonly relay: string;
  readonly at: number;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly size: number;
}

/** What can be rehearsed with an embedded relay. */
export interface IncidentView {
  readonly name: string;
  readonly label: string;
  /** What to watch, a sentence. */
  readonly watch: string;
}

/** What does not change while the system runs. */
export interface LayoutView {
  readonly incidents: readonly IncidentView[];
  /** The dashboard's, as the template has it. */
  readonly widgets: readonly WidgetView[];
}

export type WidgetView = Placed &
  (
    | { readonly kind: 'text'; readonly html: string }
    | { readonly kind: 'alarms'; readonly title: string }
    | {
        readonly kind: 'graph';
        readonly title: string;
        readonly unit?: string;
        readonly stacked: boolean;
        readonly lines: readonly {
          readonly label: string;
          readonly axis: 'left' | 'right';
          readonly periodSeconds: number;
        }[];
        readonly thresholds: readonly { readonly value: number; readonly label: string; readonly below: boolean }[];
      }
  );

interface Placed {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One per widget, in their order; null for those that are no graphs. */
export type Graphs = readonly (GraphData | null)[];
