package fathomexport.run;

import fathomexport.api.ApiSettings;
import java.io.Serializable;

/**
 * What a client of an account needs, on whichever machine it is. The token is a reference.
 *
 * @param name as in {@link Account}
 * @param tokenSetting the key of the settings that names the place of the token
 * @param key names the quota that the account's requests are counted against
 */
public record AccountAccess(String name, String tokenSetting, ApiSettings api, String key)
    implements Serializable {}
