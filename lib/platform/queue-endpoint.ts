/**
 * For every SQS client: requests go where the client is configured to send them, also by AWS_ENDPOINT_URL_SQS or
 * AWS_USE_FIPS_ENDPOINT. By default the SDK would follow the host of the queue's URL instead, which need not resolve.
 */
export const byConfiguredEndpoint = { useQueueUrlAsEndpoint: false };
