/**
 * List prices in US dollars per month, region US East (N. Virginia), without the free tier (10 metrics, 10 alarm metrics,
 * 3 dashboards and 5 GB of logs an account). Metrics are billed by the hour in which they are published: this is the most
 * that they cost. Other regions charge up to half as much again.
 */
export const prices = {
  source: 'https://aws.amazon.com/cloudwatch/pricing/',
  asOf: '2026-06',
  region: 'us-east-1',
  /** Each of the first 10,000. */
  customMetric: 0.3,
  /** Standard resolution, for each metric that the alarm looks at. */
  alarmMetric: 0.1,
  compositeAlarm: 0.5,
  dashboard: 3,
  /** Per GB taken in. */
  logGigabyte: 0.5,
} as const;
