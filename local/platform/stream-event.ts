import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { TableChange } from './stream-recorder.ts';

/** One record of the stream. */
export interface StreamRecord {
  readonly sequenceNumber: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly change: TableChange;
}

export function eventNameOf({ old, new: next }: TableChange): 'INSERT' | 'MODIFY' | 'REMOVE' {
  if (old === undefined) return 'INSERT';
  return next === undefined ? 'REMOVE' : 'MODIFY';
}

/**
 * A record as an event source mapping gives it to a function, and to its filters.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 */
export function lambdaRecord({ sequenceNumber, at, change }: StreamRecord, streamArn: string, region: string) {
  return {
    eventID: sequenceNumber,
    eventName: eventNameOf(change),
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: region,
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(at / 1000),
      Keys: change.keys,
      ...(change.new && { NewImage: change.new }),
      ...(change.old && { OldImage: change.old }),
      SequenceNumber: sequenceNumber,
      SizeBytes: JSON.stringify(change).length,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
    eventSourceARN: streamArn,
  } satisfies DynamoDBRecord;
}

export function streamEvent(records: readonly StreamRecord[], streamArn: string, region: string): DynamoDBStreamEvent {
  return { Records: records.map((record) => lambdaRecord(record, streamArn, region)) };
}
