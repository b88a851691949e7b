import { prices } from './prices.ts';
import type { Inventory } from './template.ts';
import type { Volume } from './volume.ts';

export interface CostLine {
  readonly what: string;
  readonly quantity: number;
  readonly unitPrice: number;
  /** US dollars a month. */
  readonly dollars: number;
}

export interface Estimate {
  /** Whether mail flows or not. */
  readonly fixed: readonly CostLine[];
  /** Grows with the mail. */
  readonly perMail: readonly CostLine[];
  readonly fixedDollars: number;
}

const gigabyte = 1e9;

/** @param mails a month */
export function estimate(inventory: Inventory, mails: number, volume: Volume): Estimate {
  const line = (what: string, quantity: number, unitPrice: number): CostLine => ({
    what,
    quantity,
    unitPrice,
    dollars: quantity * unitPrice,
  });
  const fixed = [
    line('custom metrics', inventory.customMetrics, prices.customMetric),
    line('metrics that alarms look at', inventory.alarmMetrics, prices.alarmMetric),
    line('composite alarms', inventory.compositeAlarms, prices.compositeAlarm),
    line('dashboards', inventory.dashboards, prices.dashboard),
  ];
  const gigabytes = (bytes: number) => (bytes * mails) / gigabyte;
  return {
    fixed,
    perMail: [
      line(
        `GB of metrics in the log, ${Math.ceil(volume.metrics)} bytes a mail`,
        gigabytes(volume.metrics),
        prices.logGigabyte,
      ),
      line(`GB of log lines, ${Math.ceil(volume.lines)} bytes a mail`, gigabytes(volume.lines), prices.logGigabyte),
    ],
    fixedDollars: fixed.reduce((sum, { dollars }) => sum + dollars, 0),
  };
}
