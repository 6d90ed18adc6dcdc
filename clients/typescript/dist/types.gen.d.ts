export type ClientOptions = {
    baseUrl: `${string}://${string}` | (string & {});
};
export type AccessView = {
    level: 'full' | 'grace' | 'restricted' | 'none';
    until: string | null;
    reason: string;
};
/**
 * An invoice; `amount` in major currency units is what was paid, or is to be.
 */
export type BillingHistoryEntry = {
    id: string;
    number: string | null;
    date: string;
    amount: number;
    currency: string;
    status: string | null;
    hostedInvoiceUrl: string | null;
    invoicePdf: string | null;
};
export type CheckoutSessionCreated = {
    sessionId: string;
    url: string;
};
/**
 * `GET /checkout-session/{id}`; the statuses are Stripe's.
 */
export type CheckoutSessionState = {
    sessionId: string;
    status: string | null;
    paymentStatus: string | null;
    subscription: SubscriptionView | null;
};
/**
 * The body of `POST /create-checkout-session`.
 */
export type CreateCheckoutSession = {
    priceId: string;
    userId: string;
    metadata?: {
        [key: string]: string | number;
    } | null;
    quantity?: number;
    trialDays?: number | null;
    allowPromotionCodes?: boolean;
};
export type CurrentUser = {
    userId: string;
    email: string | null;
    firstName: string | null;
    lastName: string | null;
    hasPaidForSelfHosted: boolean;
};
/**
 * `GET /dashboard/{userId}`; `degraded` says that Stripe's lists couldn't be read.
 */
export type Dashboard = {
    currentUser: CurrentUser;
    subscription: SubscriptionView | null;
    access: AccessView;
    paymentMethods: Array<PaymentMethodView>;
    billingHistory: Array<BillingHistoryEntry>;
    availablePlans: Array<Plan>;
    degraded: boolean;
};
/**
 * What is wrong with one field of a request.
 */
export type FieldProblem = {
    /**
     * Where: body, path, query or header, then the way in
     */
    loc: Array<string | number>;
    msg: string;
    /**
     * The kind of fault, as pydantic names it
     */
    type: string;
};
/**
 * What API Gateway answers by itself, before or instead of the API.
 */
export type GatewayProblem = {
    message: string;
};
/**
 * `GET /health`.
 */
export type Health = {
    status: 'ok';
    version: string | null;
};
/**
 * A payment method; the card's fields are null for any other type.
 */
export type PaymentMethodView = {
    id: string;
    type: string;
    brand: string | null;
    last4: string | null;
    expMonth: number | null;
    expYear: number | null;
};
/**
 * A price of the catalogue; `interval` is null for one that is paid once.
 */
export type Plan = {
    priceId: string;
    lookupKey: string;
    name: string;
    amount: number | null;
    currency: string;
    interval: string | null;
    intervalCount: number | null;
};
/**
 * Why there is no other answer.
 */
export type Problem = {
    detail: string;
};
/**
 * `GET /config`; an id is null while Stripe has no active price with that lookup key.
 */
export type PublicConfig = {
    publicKey: string;
    standardPriceId: string | null;
    standardYearlyPriceId: string | null;
    agencyPriceId: string | null;
    agencyYearlyPriceId: string | null;
    selfHostedPriceId: string | null;
    prices: Array<Plan>;
};
/**
 * A subscription that hasn't ended; `currentPlanId` is the price's id.
 */
export type SubscriptionView = {
    id: string;
    status: 'incomplete' | 'incomplete_expired' | 'trialing' | 'active' | 'past_due' | 'canceled' | 'unpaid' | 'paused';
    currentPlanId: string;
    quantity: number | null;
    currentPeriodStart: string;
    currentPeriodEnd: string;
    /**
     * True however its end was scheduled
     */
    cancelAtPeriodEnd: boolean;
    cancelAt: string | null;
    trialEnd: string | null;
};
/**
 * A request that isn't as this document has it, or asks for what isn't offered.
 */
export type ValidationProblem = {
    detail: Array<FieldProblem>;
};
export type GetDashboardData = {
    body?: never;
    path: {
        /**
         * The user's id: the token's own
         */
        userId: string;
    };
    query?: never;
    url: '/dashboard/{userId}';
};
export type GetDashboardErrors = {
    /**
     * No valid access token
     */
    401: GatewayProblem;
    /**
     * The access token lacks a scope
     */
    403: GatewayProblem;
    /**
     * User not found
     *
     * Not Found
     */
    404: Problem | GatewayProblem;
    /**
     * Too Many Requests
     */
    429: GatewayProblem;
    /**
     * Internal server error
     *
     * Internal Server Error
     */
    500: Problem | GatewayProblem;
    /**
     * Billing is unavailable for the moment. Try again.
     *
     * Service Unavailable
     */
    503: Problem | GatewayProblem;
};
export type GetDashboardError = GetDashboardErrors[keyof GetDashboardErrors];
export type GetDashboardResponses = {
    /**
     * Success
     */
    200: Dashboard;
};
export type GetDashboardResponse = GetDashboardResponses[keyof GetDashboardResponses];
export type CreateCheckoutSessionData = {
    body: CreateCheckoutSession;
    headers?: {
        /**
         * A name for this very request, the same when it is tried again: a UUID, say.
         */
        'Idempotency-Key'?: string;
    };
    path?: never;
    query?: never;
    url: '/create-checkout-session';
};
export type CreateCheckoutSessionErrors = {
    /**
     * No valid access token
     */
    401: GatewayProblem;
    /**
     * The access token lacks a scope
     */
    403: GatewayProblem;
    /**
     * User not found
     */
    404: Problem;
    /**
     * There is a subscription already. Change it with POST /update-subscription.
     *
     * The billing customer was changed at the same time. Try again.
     *
     * The request with this Idempotency-Key is still being answered.
     */
    409: Problem;
    /**
     * Request body too large
     *
     * Request Entity Too Large
     */
    413: Problem | GatewayProblem;
    /**
     * Not a price of a plan that is offered
     *
     * The customer is billed in another currency
     *
     * Longer than the trial that is offered
     *
     * Field required
     *
     * Not 1 to 255 printable ASCII characters
     *
     * Used before, with another body
     */
    422: ValidationProblem;
    /**
     * Too Many Requests
     */
    429: GatewayProblem;
    /**
     * Internal server error
     *
     * Internal Server Error
     */
    500: Problem | GatewayProblem;
    /**
     * Billing is unavailable for the moment. Try again.
     *
     * Service Unavailable
     */
    503: Problem | GatewayProblem;
};
export type CreateCheckoutSessionError = CreateCheckoutSessionErrors[keyof CreateCheckoutSessionErrors];
export type CreateCheckoutSessionResponses = {
    /**
     * Success
     */
    200: CheckoutSessionCreated;
};
export type CreateCheckoutSessionResponse = CreateCheckoutSessionResponses[keyof CreateCheckoutSessionResponses];
export type GetCheckoutSessionData = {
    body?: never;
    path: {
        /**
         * The Checkout Session's id, as Stripe's page returns it
         */
        id: string;
    };
    query?: never;
    url: '/checkout-session/{id}';
};
export type GetCheckoutSessionErrors = {
    /**
     * No valid access token
     */
    401: GatewayProblem;
    /**
     * The access token lacks a scope
     */
    403: GatewayProblem;
    /**
     * Checkout session not found
     *
     * Not Found
     */
    404: Problem | GatewayProblem;
    /**
     * Too Many Requests
     */
    429: GatewayProblem;
    /**
     * Internal server error
     *
     * Internal Server Error
     */
    500: Problem | GatewayProblem;
    /**
     * Billing is unavailable for the moment. Try again.
     *
     * Service Unavailable
     */
    503: Problem | GatewayProblem;
};
export type GetCheckoutSessionError = GetCheckoutSessionErrors[keyof GetCheckoutSessionErrors];
export type GetCheckoutSessionResponses = {
    /**
     * Success
     */
    200: CheckoutSessionState;
};
export type GetCheckoutSessionResponse = GetCheckoutSessionResponses[keyof GetCheckoutSessionResponses];
export type GetConfigData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/config';
};
export type GetConfigErrors = {
    /**
     * Too Many Requests
     */
    429: GatewayProblem;
    /**
     * Internal server error
     *
     * Internal Server Error
     */
    500: Problem | GatewayProblem;
    /**
     * Billing is unavailable for the moment. Try again.
     *
     * Service Unavailable
     */
    503: Problem | GatewayProblem;
};
export type GetConfigError = GetConfigErrors[keyof GetConfigErrors];
export type GetConfigResponses = {
    /**
     * Success
     */
    200: PublicConfig;
};
export type GetConfigResponse = GetConfigResponses[keyof GetConfigResponses];
export type GetHealthData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/health';
};
export type GetHealthErrors = {
    /**
     * Too Many Requests
     */
    429: GatewayProblem;
    /**
     * Internal server error
     *
     * Internal Server Error
     */
    500: Problem | GatewayProblem;
    /**
     * Billing is unavailable for the moment. Try again.
     *
     * Service Unavailable
     */
    503: Problem | GatewayProblem;
};
export type GetHealthError = GetHealthErrors[keyof GetHealthErrors];
export type GetHealthResponses = {
    /**
     * Success
     */
    200: Health;
};
export type GetHealthResponse = GetHealthResponses[keyof GetHealthResponses];
