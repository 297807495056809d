"""What intake decides: the case of one adult, from the first contact with försörjningsstöd until it closes. Pure."""
