import type { Client, ClientMeta, Options as Options2, RequestResult, TDataShape } from './client/index.js';
import type { CreateCheckoutSessionData, CreateCheckoutSessionErrors, CreateCheckoutSessionResponses, GetCheckoutSessionData, GetCheckoutSessionErrors, GetCheckoutSessionResponses, GetConfigData, GetConfigErrors, GetConfigResponses, GetDashboardData, GetDashboardErrors, GetDashboardResponses, GetHealthData, GetHealthErrors, GetHealthResponses } from './types.gen.js';
export type Options<TData extends TDataShape = TDataShape, ThrowOnError extends boolean = boolean, TResponse = unknown> = Options2<TData, ThrowOnError, TResponse> & {
    /**
     * You can provide a client instance returned by `createClient()` instead of
     * individual options. This might be also useful if you want to implement a
     * custom client.
     */
    client?: Client;
    /**
     * You can pass arbitrary values through the `meta` object. This can be
     * used to access values that aren't defined as part of the SDK function.
     */
    meta?: keyof ClientMeta extends never ? Record<string, unknown> : ClientMeta;
};
/**
 * Show a user's billing
 */
export declare const getDashboard: <ThrowOnError extends boolean = false>(options: Options<GetDashboardData, ThrowOnError>) => RequestResult<GetDashboardResponses, GetDashboardErrors, ThrowOnError>;
/**
 * Open the hosted payment page for a plan, or return to the one that is open for it
 */
export declare const createCheckoutSession: <ThrowOnError extends boolean = false>(options: Options<CreateCheckoutSessionData, ThrowOnError>) => RequestResult<CreateCheckoutSessionResponses, CreateCheckoutSessionErrors, ThrowOnError>;
/**
 * Say what became of a checkout, and take note of what was bought
 */
export declare const getCheckoutSession: <ThrowOnError extends boolean = false>(options: Options<GetCheckoutSessionData, ThrowOnError>) => RequestResult<GetCheckoutSessionResponses, GetCheckoutSessionErrors, ThrowOnError>;
/**
 * Give Stripe's publishable key and the catalogue
 */
export declare const getConfig: <ThrowOnError extends boolean = false>(options?: Options<GetConfigData, ThrowOnError>) => RequestResult<GetConfigResponses, GetConfigErrors, ThrowOnError>;
/**
 * Say that the API runs, and which published version of it
 */
export declare const getHealth: <ThrowOnError extends boolean = false>(options?: Options<GetHealthData, ThrowOnError>) => RequestResult<GetHealthResponses, GetHealthErrors, ThrowOnError>;
