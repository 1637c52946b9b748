package provider

import (
	"net/url"
	"strings"
	"time"
)

// Preset is a provider that this package knows, for those who choose one by its name.
type Preset struct {
	Name   string
	Params []string                       // what New wants to know, such as the host of a provider that anyone can run
	New    func(params []string) Provider // takes as many as Params has; "" is the default of one that has a default
}

const day = 24 * time.Hour

// part is a part of an address that the program names, such as a host or a tenant: escaped, so that what
// is none makes no address. Nor does nothing.
func part(s string) string {
	if s == "" {
		return nowhere
	}
	return url.PathEscape(s)
}

// origin is the address of somebody's own server, "https://git.example.org", perhaps with a path.
func origin(s string) string {
	if strings.ContainsAny(s, "?#") {
		return nowhere
	}
	return strings.TrimSuffix(s, "/")
}

// nowhere makes no address of any that it is a part of.
const nowhere = "%"

// Presets lists all presets, by name.
func Presets() []Preset {
	return []Preset{
		{"airtable", nil, func([]string) Provider { return Airtable() }},
		{"amazon", nil, func([]string) Provider { return Amazon() }},
		{"apple", []string{"team", "key"}, func(p []string) Provider { return Apple(p[0], p[1]) }},
		{"asana", nil, func([]string) Provider { return Asana() }},
		{"atlassian", nil, func([]string) Provider { return Atlassian() }},
		{"attio", nil, func([]string) Provider { return Attio() }},
		{"auth0", []string{"domain"}, func(p []string) Provider { return Auth0(p[0]) }},
		{"authentik", []string{"base"}, func(p []string) Provider { return Authentik(p[0]) }},
		{"azure", []string{"tenant"}, func(p []string) Provider { return Azure(p[0]) }},
		{"basecamp", []string{"account", "userAgent"}, func(p []string) Provider { return Basecamp(p[0], p[1]) }},
		{"battlenet", nil, func([]string) Provider { return BattleNet() }},
		{"bigcommerce", []string{"store"}, func(p []string) Provider { return BigCommerce(p[0]) }},
		{"bitbucket", nil, func([]string) Provider { return Bitbucket() }},
		{"bitly", nil, func([]string) Provider { return Bitly() }},
		{"box", nil, func([]string) Provider { return Box() }},
		{"calcom", nil, func([]string) Provider { return CalCom() }},
		{"calendly", nil, func([]string) Provider { return Calendly() }},
		{"canva", nil, func([]string) Provider { return Canva() }},
		{"clickup", nil, func([]string) Provider { return ClickUp() }},
		{"close", nil, func([]string) Provider { return Close() }},
		{"cognito", []string{"domain", "region", "pool"}, func(p []string) Provider { return Cognito(p[0], p[1], p[2]) }},
		{"coinbase", nil, func([]string) Provider { return Coinbase() }},
		{"dexcom", nil, func([]string) Provider { return Dexcom() }},
		{"digitalocean", nil, func([]string) Provider { return DigitalOcean() }},
		{"discogs", []string{"userAgent"}, func(p []string) Provider { return Discogs(p[0]) }},
		{"discord", nil, func([]string) Provider { return Discord() }},
		{"docusign", nil, func([]string) Provider { return DocuSign() }},
		{"dropbox", nil, func([]string) Provider { return Dropbox() }},
		{"ebay", []string{"ruName"}, func(p []string) Provider { return EBay(p[0]) }},
		{"epicgames", nil, func([]string) Provider { return EpicGames() }},
		{"etsy", nil, func([]string) Provider { return Etsy() }},
		{"eventbrite", nil, func([]string) Provider { return Eventbrite() }},
		{"eveonline", nil, func([]string) Provider { return EVEOnline() }},
		{"facebook", []string{"version"}, func(p []string) Provider { return Facebook(p[0]) }},
		{"figma", nil, func([]string) Provider { return Figma() }},
		{"fitbit", nil, func([]string) Provider { return Fitbit() }},
		{"flickr", nil, func([]string) Provider { return Flickr() }},
		{"forgejo", []string{"base"}, func(p []string) Provider { return Forgejo(p[0]) }},
		{"freshbooks", nil, func([]string) Provider { return FreshBooks() }},
		{"front", nil, func([]string) Provider { return Front() }},
		{"garmin", nil, func([]string) Provider { return Garmin() }},
		{"gitea", []string{"base"}, func(p []string) Provider { return Gitea(p[0]) }},
		{"github", nil, func([]string) Provider { return GitHub() }},
		{"gitlab", []string{"host"}, func(p []string) Provider { return GitLab(p[0]) }},
		{"google", nil, func([]string) Provider { return Google() }},
		{"gumroad", nil, func([]string) Provider { return Gumroad() }},
		{"heroku", nil, func([]string) Provider { return Heroku() }},
		{"hubspot", nil, func([]string) Provider { return HubSpot() }},
		{"huggingface", nil, func([]string) Provider { return HuggingFace() }},
		{"instagram", nil, func([]string) Provider { return Instagram() }},
		{"intercom", nil, func([]string) Provider { return Intercom() }},
		{"jira", []string{"base"}, func(p []string) Provider { return Jira(p[0]) }},
		{"kakao", nil, func([]string) Provider { return Kakao() }},
		{"keycloak", []string{"base", "realm"}, func(p []string) Provider { return Keycloak(p[0], p[1]) }},
		{"kick", nil, func([]string) Provider { return Kick() }},
		{"klaviyo", nil, func([]string) Provider { return Klaviyo() }},
		{"line", nil, func([]string) Provider { return LINE() }},
		{"linear", nil, func([]string) Provider { return Linear() }},
		{"linkedin", nil, func([]string) Provider { return LinkedIn() }},
		{"mailchimp", nil, func([]string) Provider { return Mailchimp() }},
		{"mastodon", []string{"base"}, func(p []string) Provider { return Mastodon(p[0]) }},
		{"meetup", nil, func([]string) Provider { return Meetup() }},
		{"microsoft", []string{"tenant"}, func(p []string) Provider { return Microsoft(p[0]) }},
		{"miro", nil, func([]string) Provider { return Miro() }},
		{"monday", nil, func([]string) Provider { return Monday() }},
		{"myanimelist", nil, func([]string) Provider { return MyAnimeList() }},
		{"naver", nil, func([]string) Provider { return Naver() }},
		{"netlify", nil, func([]string) Provider { return Netlify() }},
		{"netsuite", []string{"account"}, func(p []string) Provider { return NetSuite(p[0]) }},
		{"nextcloud", []string{"base"}, func(p []string) Provider { return Nextcloud(p[0]) }},
		{"notion", nil, func([]string) Provider { return Notion() }},
		{"nylas", nil, func([]string) Provider { return Nylas() }},
		{"okta", []string{"domain", "server"}, func(p []string) Provider { return Okta(p[0], p[1]) }},
		{"onelogin", []string{"subdomain"}, func(p []string) Provider { return OneLogin(p[0]) }},
		{"orcid", nil, func([]string) Provider { return ORCID() }},
		{"osm", nil, func([]string) Provider { return OpenStreetMap() }},
		{"oura", nil, func([]string) Provider { return Oura() }},
		{"outreach", nil, func([]string) Provider { return Outreach() }},
		{"patreon", nil, func([]string) Provider { return Patreon() }},
		{"paypal", nil, func([]string) Provider { return PayPal() }},
		{"pingone", []string{"tld", "environment"}, func(p []string) Provider { return PingOne(p[0], p[1]) }},
		{"pinterest", nil, func([]string) Provider { return Pinterest() }},
		{"pipedrive", nil, func([]string) Provider { return Pipedrive() }},
		{"quickbooks", nil, func([]string) Provider { return QuickBooks() }},
		{"reddit", []string{"userAgent"}, func(p []string) Provider { return Reddit(p[0]) }},
		{"roblox", nil, func([]string) Provider { return Roblox() }},
		{"salesforce", []string{"host"}, func(p []string) Provider { return Salesforce(p[0]) }},
		{"servicenow", []string{"host"}, func(p []string) Provider { return ServiceNow(p[0]) }},
		{"shopify", []string{"shop"}, func(p []string) Provider { return Shopify(p[0]) }},
		{"slack", nil, func([]string) Provider { return Slack() }},
		{"slack-oidc", nil, func([]string) Provider { return SlackOIDC() }},
		{"smartsheet", nil, func([]string) Provider { return Smartsheet() }},
		{"smugmug", nil, func([]string) Provider { return SmugMug() }},
		{"snapchat", nil, func([]string) Provider { return Snapchat() }},
		{"soundcloud", nil, func([]string) Provider { return SoundCloud() }},
		{"spotify", nil, func([]string) Provider { return Spotify() }},
		{"square", nil, func([]string) Provider { return Square() }},
		{"stackexchange", nil, func([]string) Provider { return StackExchange() }},
		{"strava", nil, func([]string) Provider { return Strava() }},
		{"stripe", nil, func([]string) Provider { return Stripe() }},
		{"stripe-apps", nil, func([]string) Provider { return StripeApps() }},
		{"surveymonkey", nil, func([]string) Provider { return SurveyMonkey() }},
		{"threads", nil, func([]string) Provider { return Threads() }},
		{"tiktok", nil, func([]string) Provider { return TikTok() }},
		{"todoist", nil, func([]string) Provider { return Todoist() }},
		{"trakt", nil, func([]string) Provider { return Trakt() }},
		{"trello", []string{"appName"}, func(p []string) Provider { return Trello(p[0]) }},
		{"tumblr", nil, func([]string) Provider { return Tumblr() }},
		{"tumblr-oauth2", nil, func([]string) Provider { return TumblrOAuth2() }},
		{"twitch", nil, func([]string) Provider { return Twitch() }},
		{"twitter", nil, func([]string) Provider { return Twitter() }},
		{"typeform", nil, func([]string) Provider { return Typeform() }},
		{"uber", nil, func([]string) Provider { return Uber() }},
		{"vimeo", nil, func([]string) Provider { return Vimeo() }},
		{"webex", nil, func([]string) Provider { return Webex() }},
		{"webflow", nil, func([]string) Provider { return Webflow() }},
		{"wikimedia", []string{"userAgent"}, func(p []string) Provider { return Wikimedia(p[0]) }},
		{"withings", nil, func([]string) Provider { return Withings() }},
		{"wordpress", nil, func([]string) Provider { return WordPress() }},
		{"x", nil, func([]string) Provider { return X() }},
		{"xero", nil, func([]string) Provider { return Xero() }},
		{"xing", nil, func([]string) Provider { return XING() }},
		{"yahoo", nil, func([]string) Provider { return Yahoo() }},
		{"yandex", nil, func([]string) Provider { return Yandex() }},
		{"zendesk", []string{"subdomain"}, func(p []string) Provider { return Zendesk(p[0]) }},
		{"zitadel", []string{"base"}, func(p []string) Provider { return Zitadel(p[0]) }},
		{"zoho", []string{"tld"}, func(p []string) Provider { return Zoho(p[0]) }},
		{"zoom", nil, func([]string) Provider { return Zoom() }},
	}
}
